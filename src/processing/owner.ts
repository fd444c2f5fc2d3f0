import { errorResult } from '#libs/contract'
import {
  STREAMS_TOGETHER,
  type Claim,
  type DataEntry,
  type Entry,
  type StoredEntry,
  type StreamHeader,
  type StreamRef,
} from '#libs/engine'
import { isOver } from '../view/rows.js'
import type { View } from '../view/view.js'
import { BATCH_RECORDS, type BatchHandler, type RecordToProcess } from './batch.js'
import { Draft } from './draft.js'
import { alive, close, seal, start, tick } from './lifecycle.js'
import { judgeRetry } from './retries.js'

/** Part of an entry that goes through the processor in one batch: records `from` to `until`, exclusive. */
interface Piece {
  readonly entry: StoredEntry<DataEntry>
  readonly from: number
  readonly until: number
}

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
  private batch: Piece[] = []
  private batchRecords = 0
  /** The entry whose remaining records do not count. */
  private refused = -1
  /** Lives whose seals are on their way to the log. */
  private readonly sealing = new Set<string>()

  constructor(private readonly ports: OwnerPorts) {
    this.draft = new Draft(ports.view)
    this.to = ports.claim.from
    this.at = ports.claim.at
  }

  /** Works until the claim ends. */
  async run(): Promise<void> {
    const active = this.active()
    this.seal(this.closing(active))
    await this.renew(active)
    for await (const entries of this.ports.claim.read()) {
      for (const entry of entries) {
        // Most entries only join the batch: 1,000 bytes of garbage an entry, were each awaited.
        if (entry.kind !== 'data') await this.take(entry)
        else if (!this.joinBatch(entry)) await this.takeData(entry)
      }
      await this.processBatch()
      await this.commit()
    }
  }

  private async renew(active: readonly StreamHeader[]): Promise<void> {
    const { renewal } = this.ports.claim
    if (renewal === undefined) return
    for (const header of active) {
      if (writtenAt(header) > renewal.before) continue
      this.draft.change({ ...header, renewedAt: this.at })
      if (this.draft.full) await this.commit()
    }
    await this.commit()
    renewal.done()
  }

  private async take(entry: Exclude<StoredEntry, StoredEntry<DataEntry>>): Promise<void> {
    await this.processBatch()
    if (this.draft.full || this.needsOwnCommit(entry)) await this.commit()
    this.at = entry.at
    // A commit between two parts of a tick does not pass it: whoever comes after a crash finds fewer streams due.
    const active = entry.kind === 'tick' ? this.active() : []
    while (this.judge(entry, active)) await this.commit()
    this.passed(entry)
    if (entry.kind === 'tick') {
      await this.commit()
      this.seal(this.closing(active))
    }
  }

  /** A commit tells one event of one life of a stream; and a tick looks at the view's streams, whatever is in the draft. */
  private needsOwnCommit(entry: Exclude<StoredEntry, StoredEntry<DataEntry>>): boolean {
    if (entry.kind === 'tick') return true
    if (entry.kind === 'start') return this.draft.holds(entry.stream)
    if ('stream' in entry) return this.draft.announces(entry.stream)
    return entry.streams.some(([id]) => this.draft.announces(id))
  }

  /** Returns whether the entry changes more than goes into one commit, so that it must be judged again behind it. */
  private judge(entry: Exclude<StoredEntry, StoredEntry<DataEntry>>, active: readonly StreamHeader[]): boolean {
    switch (entry.kind) {
      case 'start':
        start(this.draft, entry)
        break
      case 'end':
      case 'delete':
        close(this.draft, entry)
        break
      case 'seal':
        seal(this.draft, entry)
        break
      case 'alive':
        alive(this.draft, entry)
        break
      case 'tick':
        return tick(this.draft, entry, active)
    }
    return false
  }

  /** Adds a whole entry to the batch, unless that would fill it. */
  private joinBatch(entry: StoredEntry<DataEntry>): boolean {
    const from = this.done(entry)
    const until = entry.records.length
    if (this.batchRecords + until - from >= BATCH_RECORDS) return false
    this.batch.push({ entry, from, until })
    this.batchRecords += until - from
    return true
  }

  /** Adds an entry to as many batches as it needs. */
  private async takeData(entry: StoredEntry<DataEntry>): Promise<void> {
    const count = entry.records.length
    let from = this.done(entry)
    do {
      const until = Math.min(count, from + BATCH_RECORDS - this.batchRecords)
      this.batch.push({ entry, from, until })
      this.batchRecords += until - from
      from = until
      if (this.batchRecords >= BATCH_RECORDS) {
        await this.processBatch()
        // Whoever else the loop serves has a turn, however much is in one entry or one read.
        await new Promise(setImmediate)
      }
    } while (from < count)
  }

  /** How many of an entry's records were committed before: a commit may end within an entry. */
  private done(entry: StoredEntry<DataEntry>): number {
    const header = this.draft.header(entry.stream)
    if (header?.incarnation !== entry.incarnation) return 0
    const { offset, records } = header.lastInput
    if (offset > entry.offset) return entry.records.length
    return offset === entry.offset ? records : 0
  }

  private async processBatch(): Promise<void> {
    const pieces = this.batch
    if (pieces.length === 0) return
    this.batch = []
    this.batchRecords = 0
    const records = this.toProcess(pieces)
    const lines = await this.ports.process(records)
    if (lines.length !== records.length)
      throw new Error(`${records.length} records were processed and ${lines.length} results came of them.`)
    const { maxCommitChars } = this.ports
    const results = lines.map((line) => (line.length > maxCommitChars ? errorResult('result_too_large') : line))
    let next = 0
    for (const piece of pieces) {
      const count = piece.until - piece.from
      await this.add(piece, results.slice(next, next + count))
      next += count
    }
  }

  private toProcess(pieces: readonly Piece[]): RecordToProcess[] {
    const batch: RecordToProcess[] = []
    for (const { entry, from, until } of pieces) {
      const { stream, records } = entry
      const settings = this.draft.header(stream)?.settings
      for (const text of until - from === records.length ? records : records.slice(from, until))
        batch.push({ stream, settings, text })
    }
    return batch
  }

  /** Puts a piece's results into the draft, if its entry counts. A draft that would grow too large is committed before. */
  private async add({ entry, from, until }: Piece, results: readonly string[]): Promise<void> {
    const fitting = (added: number): number =>
      countFitting(results, added, this.ports.maxCommitChars - this.draft.chars)
    if (from === 0) {
      // A retried send is remembered in a commit that holds the first of its results, or after a crash it would pass for done.
      if (this.draft.full || fitting(0) === 0) await this.commit()
      if (!this.admit(entry)) this.refused = entry.offset
    }
    this.at = entry.at
    for (let added = 0; added < results.length && this.refused !== entry.offset;) {
      const count = fitting(added)
      if (count === 0) await this.commit()
      else this.draft.results(entry, results.slice(added, added + count), from + added)
      added += count
    }
    if (until === entry.records.length) this.passed(entry)
  }

  /** Decides about a send, in log order. */
  private admit(entry: StoredEntry<DataEntry>): boolean {
    const header = this.draft.header(entry.stream)
    const lives = header?.incarnation === entry.incarnation
    if (!lives || (isOver(header) && entry.retry === undefined)) {
      this.draft.verdict(entry.ticket, { code: header === undefined ? 'stream_not_found' : 'stream_closed' })
      return false
    }
    if (entry.retry === undefined) {
      this.draft.verdict(entry.ticket, { code: 'accepted', incarnation: header.incarnation, duplicate: false })
      return true
    }
    const judged = judgeRetry(this.draft, header, entry.retry, entry.at)
    this.draft.verdict(entry.ticket, judged.verdict)
    if (judged.verdict.code !== 'accepted' || judged.verdict.duplicate) return false
    this.draft.change(judged.header)
    return true
  }

  private passed(entry: StoredEntry): void {
    this.to = entry.offset + 1
    this.at = entry.at
  }

  private async commit(): Promise<void> {
    const { claim, view } = this.ports
    if (this.draft.empty && this.to === view.to(claim.partition)) return
    const commit = this.draft.commit(claim, ++this.n, this.to, this.at)
    this.draft = new Draft(view)
    await claim.commit(commit)
    this.seal(commit.streams.filter(({ event }) => event === 'closing'))
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

/** Log time of the last commit that holds the header, or a little before. */
const writtenAt = ({ activeAt, closedAt = 0, renewedAt = 0 }: StreamHeader): number =>
  Math.max(activeAt, closedAt, renewedAt)

/** How many of `lines`, from index `from`, hold at most `chars` together. */
function countFitting(lines: readonly string[], from: number, chars: number): number {
  let count = 0
  for (let left = chars; from + count < lines.length; count++) {
    left -= lines[from + count]?.length ?? 0
    if (left < 0) break
  }
  return count
}
