import { charsOf, type Outcome, type RunLimits } from '#libs/processor'
import type { StreamOutcomes, StreamWork } from '../processing/batch.js'
import type { NewMessage } from './broker.js'
import { misfit, outcomeOf } from './external-outcome.js'
import { encodeWork, type Answer, type WorkPiece } from './external-wire.js'

/** An input without an answer, or one whose answer was more than may be held: it has to be asked for again. */
type Slot = Outcome | 'left' | undefined

interface Piece extends WorkPiece {
  readonly work: StreamWork
  /** Of all inputs of the work. */
  readonly slots: Slot[]
  /** The slot of the first record. */
  readonly first: number
}

/** Of what is no record: a job is called by nobody's clock but its own, and gives its last results before a stream ends. */
const NOTHING: Outcome = { lines: [], timer: undefined }

/** A batch that is out with a job: which of its records have an answer, and which answer. */
export class WorkOut {
  private readonly works: readonly (readonly Slot[])[]
  private readonly pieces = new Map<number, Piece>()
  private missing = 0
  private chars = 0

  constructor(
    private readonly partition: number,
    batch: readonly StreamWork[],
    private readonly limits: RunLimits,
  ) {
    this.works = batch.map((work) => this.slotsOf(work))
  }

  /** Whether every record has been answered. */
  isSettled(): boolean {
    return this.missing === 0
  }

  /** Of the first entry with a record that has no answer. */
  get waitsFor(): number | undefined {
    return this.unanswered()[0]?.offset
  }

  /** Work that has no answer yet, in log order by stream: a message for each entry. */
  messages(): NewMessage[] {
    return this.unanswered().map((piece) => ({
      key: piece.work.stream,
      text: encodeWork(this.partition, piece.work, piece),
    }))
  }

  /** Takes the first answer to each record. Returns whether anybody waited for any of it. */
  take({ partition, offset, index, count, results }: Answer): boolean {
    const piece = this.pieces.get(offset)
    if (piece === undefined || partition !== this.partition) return false
    const until = Math.min(index + count, piece.index + piece.records.length)
    const fits = Array.isArray(results) && results.length === count ? (results as readonly unknown[]) : undefined
    const before = this.missing
    for (let at = Math.max(index, piece.index); at < until; at++) {
      const slot = piece.first + at - piece.index
      if (piece.slots[slot] !== undefined) continue
      piece.slots[slot] = this.held(
        fits === undefined ? misfit() : outcomeOf(fits[at - index], this.limits),
        piece,
        slot,
      )
      this.missing--
    }
    return this.missing < before
  }

  /** What came of the batch, once it is settled. */
  outcomes(): StreamOutcomes[] {
    return this.works.map((slots) => {
      const end = slots.findIndex((slot) => typeof slot !== 'object')
      return { outcomes: slots.slice(0, end === -1 ? slots.length : end) as Outcome[], again: false }
    })
  }

  private slotsOf(work: StreamWork): Slot[] {
    const slots: Slot[] = work.inputs.map(({ kind }) => (kind === 'record' ? undefined : NOTHING))
    for (const [first, input] of work.inputs.entries()) {
      if (input.kind !== 'record') continue
      const { offset, index, at, text } = input
      if (offset === undefined || index === undefined) throw new TypeError('This record is of no log.')
      this.missing++
      const piece = this.pieces.get(offset)
      if (piece === undefined) this.pieces.set(offset, { work, slots, first, offset, index, at, records: [text] })
      else piece.records.push(text)
    }
    return slots
  }

  /** The first record's outcome is always held, so that whoever asks again gets on. */
  private held(outcome: Outcome, { slots }: Piece, slot: number): Slot {
    const chars = charsOf(outcome)
    const isFirst = slots === this.works[0] && slot === 0
    if (!isFirst && this.chars + chars > (this.limits.together ?? Infinity)) return 'left'
    this.chars += chars
    return outcome
  }

  private unanswered(): Piece[] {
    return [...this.pieces.values()].filter(({ slots, first, records }) =>
      slots.slice(first, first + records.length).includes(undefined),
    )
  }
}
