import type { State } from '#libs/processor'
import type { Slice } from './slices.js'
import type { StoredNumber, Summaries } from './summaries.js'

/** No time at all: later than any. */
export const NEVER = Number.MAX_SAFE_INTEGER

/** What is known of a stream beside its groups. */
export interface Clock {
  /** Windows that end until then have closed. */
  watermark: number
  /** When the next window closes, or a little before. */
  next: number
  /** Groups that have open windows. */
  groups: number
  /** Late records so far. */
  late: number
}

const CLOCK = 'clock'
const GROUP = 'group:'

/** Bytes of a group and of a slice as they are stored, without the key and the summary. */
export const GROUP_BYTES = GROUP.length + 2
export const SLICE_BYTES = 2 + 2 * 17

export function clockIn(state: State): Clock {
  const [watermark = 0, next = NEVER, groups = 0, late = 0] = state.get<readonly number[]>(CLOCK) ?? []
  return { watermark, next, groups, late }
}

export function keepClock(state: State, { watermark, next, groups, late }: Clock): void {
  state.set(CLOCK, [watermark, next, groups, late])
}

/** The groups that have open windows. Each has one key of the state, so that a record changes its own group only. */
export class Groups {
  constructor(private readonly summaries: Summaries) {}

  /** Keys of all groups, in the order of their UTF-8 bytes. */
  *keys(state: State): Iterable<string> {
    for (const key of state.keys(GROUP)) yield key.slice(GROUP.length)
  }

  /** The slices of a group; undefined if it has none. */
  load(state: State, key: string): Slice[] | undefined {
    return state.get<readonly (readonly StoredNumber[])[]>(GROUP + key)?.map((stored) => {
      const [start, length] = stored as readonly [number, number]
      return { start, end: start + length, summary: this.summaries.load(stored, 2) }
    })
  }

  keep(state: State, key: string, slices: readonly Slice[]): void {
    if (slices.length === 0) {
      state.delete(GROUP + key)
      return
    }
    const stored = slices.map(({ start, end, summary }) => {
      const numbers: StoredNumber[] = [start, end - start]
      this.summaries.store(summary, numbers)
      return numbers
    })
    state.set(GROUP + key, stored)
  }
}
