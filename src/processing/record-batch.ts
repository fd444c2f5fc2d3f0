import type { DataEntry, StoredEntry, StreamHeader } from '#libs/engine'
import { charsOf, type Input, type Outcome } from '#libs/processor'
import { isOver } from '../view/rows.js'
import { BATCH_RECORDS, type Asking, type StreamWork } from './batch.js'
import { bury, exhume, recordOf } from './dead-letters.js'
import { Draft, type Forming } from './draft.js'
import type { Of } from './lifecycle.js'
import { judgeRetry } from './retries.js'

/** A send, or the record of a dead letter that is sent again. */
type Sent = StoredEntry<DataEntry> & { readonly replays?: number }

/** Part of an entry that goes through the processor in one batch: records `from` to `until`, exclusive. */
interface Piece {
  readonly entry: Sent
  readonly from: number
  readonly until: number
}

/** What came of a stream's records in the batch. */
interface Answer {
  outcomes: readonly Outcome[]
  again: boolean
  /** Outcomes before it are in the draft. */
  next: number
  /** Records without an outcome yet: too much came of those before. */
  left: readonly Input[]
}

export interface RecordBatchPorts extends Asking, Forming {
  /** Dead letters of one stream: bytes of their records. */
  readonly maxDeadLetterBytes: number
  /** From here on the draft may hold some of the entry's records. */
  readonly begun: (entry: StoredEntry<DataEntry>) => void
  /** All of the entry's records are in the draft, or do not count. */
  readonly passed: (entry: StoredEntry<DataEntry>) => void
}

/** Records that wait to be processed together, in log order, whatever their streams. */
export class RecordBatch {
  private pieces: Piece[] = []
  private records = 0
  /** The entry whose remaining records do not count. */
  private refused = -1
  /** The entry that was left to its stream. */
  private left = -1

  constructor(private readonly ports: RecordBatchPorts) {}

  /** Adds a whole entry, unless that would fill the batch. */
  join(entry: StoredEntry<DataEntry>): boolean {
    const from = this.done(entry)
    const until = entry.records.length
    if (this.records + until - from >= BATCH_RECORDS) return false
    this.pieces.push({ entry, from, until })
    this.records += until - from
    return true
  }

  /** Adds an entry to as many batches as it needs. */
  async take(entry: Sent): Promise<void> {
    const count = entry.records.length
    let from = this.done(entry)
    do {
      const until = Math.min(count, from + BATCH_RECORDS - this.records)
      this.pieces.push({ entry, from, until })
      this.records += until - from
      from = until
      if (this.records >= BATCH_RECORDS) {
        await this.process()
        // Whoever else the loop serves has a turn, however much is in one entry or one read.
        await new Promise(setImmediate)
        if (this.left === entry.offset) return
      }
    } while (from < count)
  }

  /**
   * Processes the record of a dead letter as a send of its own. All that joined before must be processed, since whether the letter is
   * there depends on what became of it.
   */
  async replay({ seq, ...entry }: Of<'replay'>): Promise<void> {
    const draft = this.ports.draft()
    const header = draft.header(entry.stream)
    const record = header && recordOf(draft, header, seq, entry.at)
    await this.take({ ...entry, kind: 'data', records: record === undefined ? [] : [record], replays: seq })
    await this.process()
  }

  /** Processes what has joined, and puts what comes of it into the draft. */
  async process(): Promise<void> {
    const { pieces } = this
    if (pieces.length === 0) return
    this.pieces = []
    this.records = 0
    const counting = this.counting(pieces)
    const answers = await this.answersOf(worksOf(counting, this.ports.draft()))
    const isLate = ({ entry: { stream } }: Piece): boolean => answers.has(stream) && answers.get(stream) === undefined
    for (const piece of pieces) if (isLate(piece)) this.leave(piece)
    for (const piece of pieces) {
      const answer = counting.has(piece) ? answers.get(piece.entry.stream) : undefined
      if (isLate(piece)) this.ports.passed(piece.entry)
      else await this.add(piece, answer)
    }
  }

  /** Leaves a piece's entry to its stream, with all that is still to come of it. */
  private leave({ entry, from }: Piece): void {
    if (from > 0 && entry.offset === this.refused) return
    const { replays: seq, records, ...head } = entry
    this.left = entry.offset
    this.ports.leave(entry.stream, seq === undefined ? { ...head, records } : { ...head, kind: 'replay', seq })
  }

  /** How many of an entry's records were committed before: a commit may end within an entry. */
  private done(entry: StoredEntry<DataEntry>): number {
    const header = this.ports.draft().header(entry.stream)
    if (header?.incarnation !== entry.incarnation) return 0
    const { offset, records } = header.lastInput
    if (offset > entry.offset) return entry.records.length
    return offset === entry.offset ? records : 0
  }

  /**
   * Pieces whose records will count. A processor must not see the others, which would leave their mark in its state. Of a send that can
   * be retried this depends on those before it, so that all are judged here once before, in a draft that comes to nothing.
   */
  private counting(pieces: readonly Piece[]): ReadonlySet<Piece> {
    const trial = new Draft(this.ports.draft())
    let { refused } = this
    return new Set(
      pieces.filter(({ entry, from }) => {
        if (from === 0 && !admit(trial, entry)) refused = entry.offset
        return entry.offset !== refused
      }),
    )
  }

  /** By stream; undefined for one that is a straggler now. */
  private async answersOf(works: readonly StreamWork[]): Promise<ReadonlyMap<string, Answer | undefined>> {
    const results = works.length === 0 ? [] : await this.ports.ask(works)
    return new Map(
      works.map(({ stream, inputs }, index) => {
        const result = results[index]
        return [stream, result && { ...result, next: 0, left: inputs.slice(result.outcomes.length) }]
      }),
    )
  }

  /** Has the next records processed where all outcomes are in the draft: from there the processor goes on. */
  private async more(stream: string, answer: Answer): Promise<void> {
    if (answer.next < answer.outcomes.length) return
    const draft = this.ports.draft()
    const header = draft.header(stream)
    const result = header === undefined ? undefined : await this.ports.askLong(workOf(draft, header, answer.left))
    const { outcomes = [], again = false } = result ?? {}
    if (outcomes.length === 0 || outcomes.length > answer.left.length)
      throw new Error(`${answer.left.length} records were processed, and ${outcomes.length} outcomes came of them.`)
    answer.outcomes = outcomes
    answer.again = again
    answer.next = 0
    answer.left = answer.left.slice(outcomes.length)
  }

  /** Puts what came of a piece into the draft, if its entry counts. A draft that would grow too large is committed before. */
  private async add({ entry, from, until }: Piece, answer: Answer | undefined): Promise<void> {
    const { draft, begun, commit, passed } = this.ports
    if (answer !== undefined) await this.more(entry.stream, answer)
    if (from === 0) {
      // That a send is remembered, or a letter gone, is in a commit with the first result, or after a crash it would pass for done.
      if (draft().full || (answer !== undefined && this.fitting(answer, { entry, from, until: 1 }) === 0))
        await commit()
      if (admit(draft(), entry) !== (answer !== undefined))
        throw new Error(`Entry ${entry.offset} was judged twice, and not alike.`)
      if (answer === undefined) this.refused = entry.offset
    }
    begun(entry)
    for (let done = from; answer !== undefined && done < until;) {
      await this.more(entry.stream, answer)
      // Not before the first of them, whatever its admission has added to the draft: see above.
      const most = done > from && draft().full ? 0 : this.fitting(answer, { entry, from: done, until })
      const count = done === 0 ? Math.max(1, most) : most
      if (count === 0) {
        await commit()
        continue
      }
      this.addRecords(entry, answer.outcomes.slice(answer.next, answer.next + count), done)
      draft().again &&= answer.again
      answer.next += count
      done += count
    }
    if (until === entry.records.length) passed(entry)
  }

  /** Puts what came of an entry's records from index `from` on into the draft: results, and those that failed. */
  private addRecords(entry: Sent, outcomes: readonly Outcome[], from: number): void {
    const { stream, records, at } = entry
    const draft = this.ports.draft()
    let seq = draft.header(stream)?.lastSeq ?? 0
    draft.records(entry, outcomes, from)
    if (!outcomes.some(({ failed }) => failed !== undefined)) return
    for (const [index, { lines, failed: code }] of outcomes.entries()) {
      // The error is the last of its results: what a timer gave at the same time stands before it.
      seq += lines.length
      const record = records[from + index]
      if (code !== undefined && record !== undefined)
        bury(draft, stream, { seq, at, code, record }, this.ports.maxDeadLetterBytes)
    }
  }

  /** How many of the next outcomes, which are those of a piece, fit into the draft: one at least into one that holds none. */
  private fitting({ outcomes, next }: Answer, { entry: { records }, from, until }: Piece): number {
    const { chars } = this.ports.draft()
    let room = this.ports.maxCommitChars - chars
    const there = outcomes.slice(next, next + until - from)
    const end = there.findIndex((outcome, index) => {
      room -= charsOf(outcome) + (outcome.failed === undefined ? 0 : (records[from + index]?.length ?? 0))
      return room < 0 && (index > 0 || chars > 0)
    })
    return end === -1 ? there.length : end
  }
}

/** What each stream's processor is to do. */
function worksOf(pieces: Iterable<Piece>, draft: Draft): StreamWork[] {
  const inputs = new Map<string, Input[]>()
  for (const { entry, from, until } of pieces) {
    const { stream, records, at, offset } = entry
    const mine = inputs.get(stream) ?? []
    if (mine.length === 0) inputs.set(stream, mine)
    let index = from
    for (const text of until - from === records.length ? records : records.slice(from, until))
      mine.push({ kind: 'record', at, text, offset, index: index++ })
  }
  return [...inputs].flatMap(([stream, mine]) => {
    const header = draft.header(stream)
    return header === undefined || mine.length === 0 ? [] : [workOf(draft, header, mine)]
  })
}

export function workOf(draft: Draft, header: StreamHeader, inputs: readonly Input[]): StreamWork {
  const { id: stream, incarnation, settings, timer, state } = header
  const { options } = settings
  return {
    stream,
    incarnation,
    settings,
    options,
    inputs,
    timer,
    state: draft.stateOf(header),
    stateVersion: state?.version,
  }
}

/** Decides about a send, in log order, and leaves the verdict in the draft. */
function admit(draft: Draft, entry: Sent): boolean {
  const header = draft.header(entry.stream)
  const lives = header?.incarnation === entry.incarnation
  if (!lives || (isOver(header) && entry.retry === undefined)) {
    draft.verdict(entry.ticket, { code: header === undefined ? 'stream_not_found' : 'stream_closed' })
    return false
  }
  if (entry.replays !== undefined && !admitReplay(draft, header, entry)) return false
  if (entry.retry === undefined) {
    draft.verdict(entry.ticket, { code: 'accepted', incarnation: header.incarnation, duplicate: false })
    return true
  }
  const judged = judgeRetry(draft, header, entry.retry, entry.at)
  draft.verdict(entry.ticket, judged.verdict)
  if (judged.verdict.code !== 'accepted' || judged.verdict.duplicate) return false
  draft.change(judged.header)
  return true
}

/** The letter goes with what comes of its record: a commit has both, or none. */
function admitReplay(draft: Draft, header: StreamHeader, { records, replays, ticket }: Sent): boolean {
  // Before its seal a closing stream takes what was acked without a verdict. This has one.
  if (header.status !== 'open') draft.verdict(ticket, { code: 'stream_closed' })
  else if (records.length === 0 || replays === undefined) draft.verdict(ticket, { code: 'dead_letter_not_found' })
  else {
    exhume(draft, header, replays)
    return true
  }
  return false
}
