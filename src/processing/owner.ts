import { ApiError } from '#libs/contract'
import {
  STREAMS_TOGETHER,
  type Claim,
  type Entry,
  type StoredEntry,
  type StreamHeader,
  type StreamRef,
} from '#libs/engine'
import type { View } from '../view/view.js'
import type { BatchHandler } from './batch.js'
import { fade } from './dead-letters.js'
import { Draft } from './draft.js'
import { Happenings } from './happenings.js'
import { alive, close, expire, start, type Of } from './lifecycle.js'
import { RecordBatch } from './record-batch.js'

export interface OwnerPorts {
  readonly claim: Claim
  readonly view: View
  /** The processor host. */
  readonly process: BatchHandler
  /** Appends to the owned partition. */
  readonly append: (entry: Entry) => Promise<number>
  /** Whether the stream is of the owned partition. The view may know streams of others. */
  readonly owns: (stream: string) => boolean
  /** Results in one commit, in characters. */
  readonly maxCommitChars: number
  /** Dead letters of one stream: bytes of their records. */
  readonly maxDeadLetterBytes: number
}

/**
 * Owns a partition: reads its input in order, has records processed in batches, decides everything that must be decided once (retried
 * sends, starts, ends, expiry), and commits what came of it. Its only state between commits is the view's.
 */
export class Owner {
  private draft: Draft
  private n = 0
  /** Every entry below this offset is in a commit or in the draft, for every stream. */
  private to: number
  private at: number
  private readonly batch: RecordBatch
  private readonly happenings: Happenings
  /** Lives whose seals are on their way to the log. */
  private readonly sealing = new Set<string>()

  constructor(private readonly ports: OwnerPorts) {
    this.draft = new Draft(ports.view)
    this.to = ports.claim.from
    this.at = ports.claim.at
    const forming = { draft: () => this.draft, commit: () => this.commit() }
    this.happenings = new Happenings({ ...ports, ...forming })
    this.batch = new RecordBatch({
      ...ports,
      ...forming,
      begun: ({ at }) => {
        this.at = at
      },
      passed: (entry) => {
        this.passed(entry)
      },
    })
  }

  /** Works until the claim ends. @throws ApiError if the claim is lost */
  async run(): Promise<void> {
    try {
      await this.work()
    } catch (error) {
      if (!(error instanceof ApiError)) await this.prove()
      throw error
    }
  }

  private async work(): Promise<void> {
    const active = this.active()
    this.seal(this.closing(active))
    await this.renew(active)
    for await (const entries of this.ports.claim.read()) {
      for (const entry of entries) {
        // Most entries only join the batch: 1,000 bytes of garbage an entry, were each awaited.
        if (entry.kind !== 'data') await this.take(entry)
        else if (!this.batch.join(entry)) await this.batch.take(entry)
      }
      await this.batch.process()
      await this.commit()
    }
  }

  private async renew(active: readonly StreamHeader[]): Promise<void> {
    const { renewal } = this.ports.claim
    if (renewal === undefined) return
    for (const header of active) {
      if (oldestOf(header) > renewal.before) continue
      this.draft.renew(header, this.at)
      if (this.draft.full || this.draft.chars >= this.ports.maxCommitChars) await this.commit()
    }
    await this.commit()
    renewal.done()
  }

  private async take(entry: Exclude<StoredEntry, Of<'data'>>): Promise<void> {
    await this.batch.process()
    if (this.draft.full || this.needsOwnCommit(entry)) await this.commit()
    this.at = entry.at
    if (entry.kind === 'tick') await this.tick(entry)
    else if (entry.kind === 'seal') await this.happenings.ends(entry)
    else if (entry.kind === 'replay') await this.batch.replay(entry)
    else this.judge(entry)
    this.passed(entry)
  }

  /** A commit between two parts of a tick does not pass it: whoever comes after a crash finds fewer streams due. */
  private async tick(entry: Of<'tick'>): Promise<void> {
    const active = this.active()
    // A replica whose clock is ahead of the log's cannot have looked later than the tick was appended.
    const asOf = Math.min(entry.asOf, entry.at)
    await this.happenings.timers(active, asOf)
    for (const { id } of active) {
      fade(this.draft, id, asOf)
      if (this.draft.full || this.draft.chars >= this.ports.maxCommitChars) await this.commit()
    }
    if (!this.draft.empty) await this.commit()
    while (expire(this.draft, active, asOf, entry.at)) await this.commit()
    this.passed(entry)
    await this.commit()
    this.seal(this.closing(active))
  }

  /** A commit tells one event of one life of a stream; and a tick looks at the view's streams, whatever is in the draft. */
  private needsOwnCommit(entry: Exclude<StoredEntry, Of<'data'>>): boolean {
    if (entry.kind === 'tick') return true
    if (entry.kind === 'start') return this.draft.holds(entry.stream)
    if ('stream' in entry) return this.draft.announces(entry.stream)
    return entry.streams.some(([id]) => this.draft.announces(id))
  }

  private judge(entry: Of<'start' | 'end' | 'delete' | 'alive'>): void {
    if (entry.kind === 'start') start(this.draft, entry)
    else if (entry.kind === 'alive') alive(this.draft, entry)
    else close(this.draft, entry)
  }

  private passed(entry: StoredEntry): void {
    this.to = entry.offset + 1
    this.at = entry.at
  }

  private async commit(): Promise<void> {
    const { claim, view } = this.ports
    if (this.draft.empty && this.to === view.to(claim.partition)) return
    const { again } = this.draft
    const commit = this.draft.commit(claim, ++this.n, this.to, this.at)
    this.draft = new Draft(view)
    await claim.commit(commit, again)
    this.seal(commit.streams.filter(({ event }) => event === 'closing'))
  }

  /**
   * Commits nothing, which counts only while the claim is held. Another owner's commits change the view under this one's hands, and what
   * it reads then does not fit together: that is no failure of its own.
   */
  private async prove(): Promise<void> {
    const { claim, view } = this.ports
    await claim.commit(new Draft(view).commit(claim, ++this.n, view.to(claim.partition), this.at), true)
  }

  /** Appends the seals of streams that are closing. A seal that fails is appended again at the next tick. */
  private seal(closing: readonly { readonly id: string; readonly incarnation: string }[]): void {
    const waiting = closing.filter(({ incarnation }) => !this.sealing.has(incarnation))
    for (let from = 0; from < waiting.length; from += STREAMS_TOGETHER) {
      const streams = waiting
        .slice(from, from + STREAMS_TOGETHER)
        .map(({ id, incarnation }): StreamRef => [id, incarnation])
      for (const [, incarnation] of streams) this.sealing.add(incarnation)
      const done = (): void => {
        for (const [, incarnation] of streams) this.sealing.delete(incarnation)
      }
      this.ports.append({ kind: 'seal', streams }).then(done, done)
    }
  }

  /** Those of the streams that are closing now. */
  private closing(streams: readonly StreamHeader[]): StreamHeader[] {
    return streams.flatMap(({ id }) => {
      const header = this.draft.header(id)
      return header?.status === 'closing' ? [header] : []
    })
  }

  /** Streams of the partition that are open or closing, as the view has them. */
  private active(): StreamHeader[] {
    const { view, owns } = this.ports
    return [...view.headers.active.values()].filter(({ id }) => owns(id))
  }
}

/** Log time from which on the header, all that its processor remembers, and its dead letters are in commits, or a little before. */
const oldestOf = ({ activeAt, closedAt = 0, renewedAt = 0, state, letters }: StreamHeader): number =>
  Math.min(Math.max(activeAt, closedAt, renewedAt), state?.fullAt ?? Infinity, letters?.fullAt ?? Infinity)
