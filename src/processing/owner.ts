import { setTimeout as wait } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { ApiError } from '#libs/contract'
import {
  STREAMS_TOGETHER,
  type Claim,
  type Commit,
  type Entry,
  type StoredEntry,
  type StreamHeader,
  type StreamRef,
} from '#libs/engine'
import type { View } from '../view/view.js'
import { NOTHING, type BatchHandler, type StreamOutcomes, type StreamWork } from './batch.js'
import { Draft } from './draft.js'
import { Intake } from './intake.js'
import { Stragglers } from './stragglers.js'
import { Mutex } from './mutex.js'

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
  /** How long the other streams of a batch wait for a processor before its stream is left to itself, in ms. */
  readonly patienceMs?: number
}

const PATIENCE_MS = 20

/**
 * Owns a partition: reads its input in order, and commits what comes of it. Its only state between commits is the view's. Streams whose
 * processors take their time fall behind the others, who do not wait for them.
 */
export class Owner {
  private draft: Draft
  private n = 0
  /** Every entry below this offset is in a commit or in the draft, for every stream that is not behind. */
  private taken: number
  /** Of the last commit, whether it has counted or is on its way. */
  private place: Pick<Commit, 'to' | 'spread'>
  /** That streams are behind is said again at once: an old commit log may be about to lose it. */
  private isSaid: boolean
  private isOver = false
  private at: number
  private readonly mutex = new Mutex()
  private readonly intake: Intake
  private readonly stragglers: Stragglers
  private fail: (error: unknown) => void = () => undefined
  private readonly failed = new Promise<never>((_resolve, reject) => (this.fail = reject))
  /** Lives whose seals are on their way to the log. */
  private readonly sealing = new Set<string>()

  constructor(private readonly ports: OwnerPorts) {
    const { claim, view } = ports
    const spread = view.spread(claim.partition)
    const before = spread ?? { taken: claim.from, behind: [] }
    this.draft = new Draft(view)
    this.taken = before.taken
    this.place = { to: claim.from, ...(spread && { spread }) }
    this.isSaid = spread === undefined
    this.at = claim.at
    const forming = {
      ...ports,
      draft: () => this.draft,
      commit: () => this.commit(),
      reseal: (streams: readonly StreamHeader[]) => {
        this.seal(this.closing(streams))
      },
    }
    this.stragglers = new Stragglers(
      {
        ...forming,
        mutex: this.mutex,
        active: (stream) => view.headers.active.get(stream),
        failed: (error) => {
          this.fail(error)
        },
      },
      before,
      claim.from,
    )
    this.intake = new Intake({
      ...forming,
      ask: (works) => this.ask(works),
      askLong: async (work) => (await ports.process([work]))[0],
      leave: (stream, entry) => {
        this.stragglers.leave(stream, entry)
      },
      active: () => this.active().filter(({ id }) => !this.stragglers.has(id)),
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
      await Promise.race([this.work(), this.failed])
    } catch (error) {
      this.isOver = true
      if (!(error instanceof ApiError)) await this.prove()
      throw error
    } finally {
      this.isOver = true
      this.stragglers.stop()
    }
  }

  private async work(): Promise<void> {
    await this.mutex.hold(async () => {
      const active = this.active()
      this.seal(this.closing(active))
      await this.renew(active)
    })
    for await (const entries of this.ports.claim.read()) {
      await this.mutex.hold(() => this.take(entries))
      await this.stragglers.room()
    }
  }

  private async take(entries: readonly StoredEntry[]): Promise<void> {
    let diverted: StoredEntry | undefined
    for (const entry of entries) {
      // Only then it is known whose processors take their time.
      if (entry.kind !== 'data') await this.intake.process()
      const mine = this.stragglers.divert(entry)
      if (mine === undefined) diverted = entry
      // Most entries only join the batch: 1,000 bytes of garbage an entry, were each awaited.
      else if (mine.kind !== 'data' || !this.intake.join(mine)) await this.intake.take(mine)
    }
    await this.intake.process()
    // Not before those that have waited in the batch.
    if (diverted !== undefined) this.passed(diverted)
    await this.commit()
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

  /** Asks the processor host for the streams of a batch. Who answers late, or in part, is left to itself, if there is room for one more. */
  private async ask(works: readonly StreamWork[]): Promise<readonly (StreamOutcomes | undefined)[]> {
    const given = await this.ports.process(works)
    const answers = works.map((_work, index) => given[index] ?? NOTHING)
    if (!answers.some((answer) => answer instanceof Promise)) return answers as readonly StreamOutcomes[]
    const there = await inTime(answers, this.ports.patienceMs ?? PATIENCE_MS)
    return Promise.all(
      works.map(async ({ stream, inputs }, index) => {
        const [answer, outcomes] = [answers[index], there[index]]
        const isWhole = outcomes?.outcomes.length === inputs.length
        if (!isWhole && answer instanceof Promise && this.stragglers.open(stream, answer)) return undefined
        return await answer
      }),
    )
  }

  /** Where the reader is, which may be where others have been. */
  private passed({ offset, at }: StoredEntry): void {
    if (offset < this.taken) return
    this.taken = offset + 1
    this.at = at
  }

  private async commit(): Promise<void> {
    // Others may still be at work when one has failed: what it has left in the draft is not theirs to commit.
    if (this.isOver) throw new ApiError('log_unavailable')
    const { claim, view } = this.ports
    const place = this.stragglers.place(this.taken)
    if (this.draft.empty && this.isSaid && isDeepStrictEqual(place, this.place)) return
    const { again } = this.draft
    const commit = this.draft.commit(claim, { n: ++this.n, ...place, at: this.at })
    this.draft = new Draft(view)
    this.place = place
    this.isSaid = true
    await claim.commit(commit, again)
    this.seal(commit.streams.filter(({ event }) => event === 'closing'))
  }

  /**
   * Commits nothing, which counts only while the claim is held. Another owner's commits change the view under this one's hands, and what
   * it reads then does not fit together: that is no failure of its own.
   */
  private async prove(): Promise<void> {
    const { claim, view } = this.ports
    // Not where the view is: the last commit may be on its way.
    await claim.commit(new Draft(view).commit(claim, { n: ++this.n, ...this.place, at: this.at }), true)
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

/** What has come of answers within `ms`; undefined stands for what is still to come. */
async function inTime(
  answers: readonly (StreamOutcomes | Promise<StreamOutcomes>)[],
  ms: number,
): Promise<readonly (StreamOutcomes | undefined)[]> {
  const there: (StreamOutcomes | undefined)[] = answers.map(() => undefined)
  const all = Promise.all(answers.map(async (answer, index) => (there[index] = await answer)))
  const timer = new AbortController()
  await Promise.race([all, wait(ms, undefined, { signal: timer.signal }).catch(() => undefined)])
  timer.abort()
  return [...there]
}
