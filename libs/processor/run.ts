import { errorResult, successResult, type ResultErrorCode } from '#libs/contract'
import type { InputRecord, RecordProcessor, Results, StreamContext } from './processor.js'
import { StateError, StateOverlay, type StateChange, type StateLimits, type StoredState } from './state.js'

/**
 * What a stream's processor is given next: a record's JSON text, the clock, or the stream's end. `at` is log time, ms since 1970. A record
 * that comes from the log is the one at `index`, from 0, of the entry at `offset`.
 */
export type Input =
  | {
      readonly kind: 'record'
      readonly at: number
      readonly text: string
      readonly offset?: number
      readonly index?: number
    }
  | { readonly kind: 'timer' | 'end'; readonly at: number }

/** Consecutive inputs of one stream. */
export interface Work {
  readonly stream: string
  readonly options: unknown
  readonly inputs: readonly Input[]
  readonly timer: number | undefined
  readonly state: StoredState
  /** Of the processor that left the state; undefined if there is none. */
  readonly stateVersion: number | undefined
}

/** What comes of one input: it counts as a whole, with the input. */
export interface Outcome {
  /** Results, each as single-line JSON. */
  readonly lines: readonly string[]
  readonly timer: number | undefined
  /** What is remembered from here on, where that changes. */
  readonly state?: ChangedState
  /** Why a record has an error in place of its results. */
  readonly failed?: ResultErrorCode
}

/** An error in place of an input's results, which changes nothing. @param timer from there on */
export const failedOutcome = (code: ResultErrorCode, timer: number | undefined): Outcome => ({
  lines: [errorResult(code)],
  timer,
  failed: code,
})

export interface ChangedState {
  readonly changes: readonly StateChange[]
  /** Of all keys and values behind it, in UTF-8. */
  readonly bytes: number
  /** The processor's. */
  readonly version: number
}

export interface RunLimits {
  readonly state: StateLimits
  /** Results of one input. */
  readonly results: number
  /** Of all results of one input together. */
  readonly chars: number
  /** Of all outcomes of one run: those behind the one that passes it are left for another run. Default: there is no such bound. */
  readonly together?: number
  /** Time of `performance.now()` from which on no further input is begun: they are left for another run. Default: there is none. */
  readonly until?: number
}

/** What an outcome holds, in characters. */
export function charsOf({ lines, state }: Outcome): number {
  let chars = 0
  for (const line of lines) chars += line.length
  for (const [key, value] of state?.changes ?? NONE) chars += key.length + (value?.length ?? 0)
  return chars
}

/** What a batch form gives sooner than this, in ms, it had before it was asked for it. */
const WORKED_OUT_MS = 1

class TooManyResults extends Error {
  override readonly message = 'There are more results of one input than there may be.'
}
class ResultsTooLarge extends Error {
  override readonly message = 'The results of one input are larger than they may be.'
}

/**
 * Runs a stream's processor over its next inputs: one outcome for each, in order, of all of them or of the first ones, but of one at
 * least. An input that fails has an error for its result, and leaves the state as it was.
 * @param stateVersion of the processor
 * @param step called whenever the processor is about to be given one more input, for whoever watches how long each takes
 * @param threw told what was thrown, for each error among the results: no outcome holds it, since it may hold data of the record
 */
export function run(
  processor: RecordProcessor,
  stateVersion: number,
  work: Work,
  limits: RunLimits,
  step: () => void = () => undefined,
  threw: (error: unknown) => void = () => undefined,
): Outcome[] {
  return new Run(processor, stateVersion, work, limits, step, threw).outcomes()
}

class Run {
  private readonly state: StateOverlay
  private readonly context: StreamContext
  /** Characters that outcomes may still hold. */
  private left: number
  /** The version that the state has to be brought up from. */
  private upgradeFrom: number | undefined

  constructor(
    private readonly processor: RecordProcessor,
    private readonly stateVersion: number,
    private readonly work: Work,
    private readonly limits: RunLimits,
    private readonly begin: () => void,
    private readonly threw: (error: unknown) => void,
  ) {
    this.left = limits.together ?? Infinity
    this.state = new StateOverlay(work.state, limits.state)
    this.context = { stream: work.stream, options: work.options, state: this.state, timer: work.timer }
    const from = work.stateVersion
    this.upgradeFrom = from !== undefined && from < stateVersion ? from : undefined
  }

  /** Whether what is left is for another run. */
  private get isOver(): boolean {
    return this.left <= 0 || this.now() >= (this.limits.until ?? Infinity)
  }

  /** Time of `performance.now()`, where it matters. */
  private now(): number {
    return this.limits.until === undefined ? 0 : performance.now()
  }

  outcomes(): Outcome[] {
    const { inputs } = this.work
    const outcomes = this.inBatch(inputs)
    for (const input of inputs.slice(outcomes.length)) {
      if (outcomes.length > 0 && this.isOver) break
      outcomes.push(this.outcome(input))
    }
    return outcomes
  }

  /** Outcomes of the first inputs, by the batch form: of none if there is no such form, of fewer than all if it fails. */
  private inBatch(inputs: readonly Input[]): Outcome[] {
    const { processor, context, state } = this
    const outcomes: Outcome[] = []
    let { timer } = context
    // A timer may be due before any record, an upgrade before the first.
    if (processor.processBatch === undefined || processor.onTimer || this.upgradeFrom !== undefined) return outcomes
    try {
      const records = inputs.flatMap((input) => (input.kind === 'record' ? [recordOf(input)] : []))
      if (records.length < inputs.length) return outcomes
      // A generator begins when it is asked for the first list; what a function does before that belongs to no record.
      this.begin()
      const lists = state.readOnly(() => processor.processBatch?.(records, context) ?? [])
      let since = this.now()
      for (const list of lists) {
        const lines = this.linesOf(list)
        const isLast = outcomes.push(this.outcomeOf(lines, state.take())) === inputs.length || this.left <= 0
        // What was worked out beforehand comes at once, and is not to be worked out again.
        if (isLast || (outcomes.length > 1 && this.isOver && this.now() - since > WORKED_OUT_MS)) break
        timer = context.timer
        this.begin()
        since = this.now()
      }
    } catch {
      // One by one it shows which record it is.
      state.rollBack()
      context.timer = timer
    }
    return outcomes
  }

  private outcome(input: Input): Outcome {
    const { processor, context, state } = this
    const lines: string[] = []
    const changes: StateChange[] = []
    this.begin()
    /** One of the things an input gives rise to: it is done, or leaves nothing but its error. */
    const step = (work: () => Results | undefined): ResultErrorCode | undefined => {
      const { timer } = context
      try {
        lines.push(...this.linesOf(work(), lines))
        changes.push(...state.take())
        return undefined
      } catch (error) {
        state.rollBack()
        context.timer = timer
        this.threw(error)
        const code = codeOf(error)
        lines.push(errorResult(code))
        return code
      }
    }
    let failed = this.upgradeFrom === undefined ? undefined : step(() => this.upgrade(this.upgradeFrom))
    if (failed === undefined && context.timer !== undefined && context.timer <= input.at) {
      context.timer = undefined
      step(() => processor.onTimer?.(input.at, context))
    }
    if (failed === undefined && input.kind === 'record')
      failed = step(() => processor.process(recordOf(input), context))
    if (failed === undefined && input.kind === 'end') failed = step(() => processor.onEnd?.(input.at, context))
    // One that is due by now would be due again and again.
    if (context.timer !== undefined && context.timer <= input.at) context.timer = input.at + 1
    return this.outcomeOf(lines, changes, failed)
  }

  private upgrade(from = 0): undefined {
    this.processor.upgrade?.(from, this.state)
    this.upgradeFrom = undefined
  }

  private outcomeOf(lines: readonly string[], changes: readonly StateChange[], failed?: ResultErrorCode): Outcome {
    const { timer } = this.context
    const outcome: Outcome = {
      lines,
      timer,
      ...(changes.length > 0 && { state: { changes, bytes: this.state.bytes, version: this.stateVersion } }),
      ...(failed !== undefined && { failed }),
    }
    this.left -= charsOf(outcome)
    return outcome
  }

  /** @param before lines of the same input */
  private linesOf(results: Results | undefined, before: readonly string[] = NONE): string[] {
    const lines: string[] = []
    let chars = 0
    for (const line of before) chars += line.length
    for (const result of results ?? NONE) {
      const line = successResult(result)
      chars += line.length
      if (chars > this.limits.chars) throw new ResultsTooLarge()
      if (before.length + lines.push(line) > this.limits.results) throw new TooManyResults()
    }
    const { timer } = this.context
    if (timer === Infinity) this.context.timer = undefined
    // JSON would keep NaN as null, which is always due.
    else if (timer !== undefined && !isTime(timer))
      throw new TypeError('A timer is a time in ms since 1970, or undefined for none.')
    return lines
  }
}

const NONE: readonly never[] = []

/** As far as a `Date` goes. */
const LAST_TIME = 8_640_000_000_000_000

/** Whatever a processor without types has set. */
const isTime = (timer: unknown): boolean => typeof timer === 'number' && timer >= 0 && timer <= LAST_TIME

const recordOf = ({ text, at }: { text: string; at: number }): InputRecord => ({
  value: JSON.parse(text) as unknown,
  at,
})

function codeOf(error: unknown): ResultErrorCode {
  if (error instanceof StateError) return 'state_too_large'
  if (error instanceof TooManyResults) return 'too_many_results'
  if (error instanceof ResultsTooLarge) return 'result_too_large'
  return 'processor_failed'
}
