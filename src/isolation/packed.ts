import { storedIn, type ChangedState, type Input, type Outcome, type Work } from '#libs/processor'

/** A stream's work with the name of the processor that is to do it. */
export interface NamedWork extends Work {
  readonly processor: string
}

/**
 * The same as it goes to another process. Many small objects are dear to clone, and one text is cheap: 500 records of 30 characters took
 * 1.2 ms to a worker and back, and 5 ms as objects. So all inputs are one text of a line each.
 */
export interface PackedWork {
  readonly processor: string
  readonly stream: string
  readonly options: unknown
  readonly timer: number | undefined
  readonly stateVersion: number | undefined
  readonly state: readonly (readonly [key: string, value: string])[]
  readonly stateBytes: number
  /** JSON texts of the records; of another input an empty line. */
  readonly lines: string
  /** Of each input. */
  readonly at: readonly number[]
  /** By index, inputs that are no records. */
  readonly others: readonly (readonly [index: number, kind: 'timer' | 'end'])[]
}

export interface PackedOutcomes {
  /** Results of all inputs, a line each. */
  readonly lines: string
  /** How many of the lines are of each input. */
  readonly counts: readonly number[]
  /** By index, what is there besides: kept apart, since most outcomes have nothing but lines. */
  readonly others: readonly (readonly [index: number, other: Omit<Outcome, 'lines' | 'timer'>])[]
  /** By index, when the processor wants to be called from there on, where that changes. */
  readonly timers: readonly (readonly [index: number, timer: number | undefined])[]
}

export function packWork({ state, inputs, ...work }: NamedWork): PackedWork {
  const { processor, stream, options, timer, stateVersion } = work
  const rows: [string, string][] = []
  // A stream that remembers nothing is not looked up.
  for (const key of state.bytes === 0 ? [] : state.keys('')) {
    const value = state.get(key)
    if (value !== undefined) rows.push([key, value])
  }
  return {
    processor,
    stream,
    options,
    timer,
    stateVersion,
    state: rows,
    stateBytes: state.bytes,
    lines: inputs.map((input) => (input.kind === 'record' ? input.text : '')).join('\n'),
    at: inputs.map(({ at }) => at),
    others: inputs.flatMap(({ kind }, index) => (kind === 'record' ? [] : [[index, kind] as const])),
  }
}

export function unpackWork(packed: PackedWork): NamedWork {
  const { processor, stream, options, timer, stateVersion, stateBytes: bytes } = packed
  const others = new Map(packed.others)
  const inputs = packed.lines.split('\n').map((text, index): Input => {
    const kind = others.get(index) ?? 'record'
    const at = packed.at[index] ?? 0
    return kind === 'record' ? { kind, at, text } : { kind, at }
  })
  const state = storedIn(new Map(packed.state), bytes)
  return { processor, stream, options, timer, stateVersion, state, inputs }
}

/** @param timer as it was before the first of them */
export function packOutcomes(outcomes: readonly Outcome[], timer: number | undefined): PackedOutcomes {
  const counts: number[] = []
  const others: [number, Omit<Outcome, 'lines' | 'timer'>][] = []
  const timers: [number, number | undefined][] = []
  let before = timer
  for (const [index, { lines: mine, timer: behind, ...other }] of outcomes.entries()) {
    counts.push(mine.length)
    if (other.state !== undefined || other.failed !== undefined) others.push([index, other])
    if (behind !== before) timers.push([index, behind])
    before = behind
  }
  return { lines: outcomes.flatMap(({ lines }) => lines).join('\n'), counts, others, timers }
}

/** @param timer the same */
export function unpackOutcomes(packed: PackedOutcomes, timer: number | undefined): Outcome[] {
  const lines = packed.lines.split('\n')
  const others = new Map<number, { state?: ChangedState; failed?: Outcome['failed'] & string }>(packed.others)
  const timers = new Map(packed.timers)
  let from = 0
  let now = timer
  return packed.counts.map((count, index) => {
    if (timers.has(index)) now = timers.get(index)
    return { lines: lines.slice(from, (from += count)), timer: now, ...others.get(index) }
  })
}
