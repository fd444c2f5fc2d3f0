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

/** What was read of a group: all of its slices, by start, or the newest only. */
export interface Group {
  readonly slices: Slice[]
  readonly isWhole: boolean
}

const CLOCK = 'clock'
const NEWEST = 'group:'
const OLDER = 'older:'

/** Most bytes of a group and of a slice as they are stored, without the keys and the summary. */
export const GROUP_BYTES = NEWEST.length + OLDER.length + 4
export const SLICE_BYTES = 2 + 2 * 17

export function clockIn(state: State): Clock {
  const [watermark = 0, next = NEVER, groups = 0, late = 0] = state.get<readonly number[]>(CLOCK) ?? []
  return { watermark, next, groups, late }
}

export function keepClock(state: State, { watermark, next, groups, late }: Clock): void {
  state.set(CLOCK, [watermark, next, groups, late])
}

/**
 * The groups that have open windows. A record changes its own group only, and there as a rule the newest slice, which has a key of the
 * state of its own: of ten slices, reading and writing all cost a record 7 µs more.
 */
export class Groups {
  constructor(private readonly summaries: Summaries) {}

  /** Keys of all groups, in the order of JavaScript's texts. */
  *keys(state: State): Iterable<string> {
    for (const name of state.keys(NEWEST)) yield name.slice(NEWEST.length)
  }

  /**
   * @param time of a record: if it is in the newest slice, which no other one can be joined to then, that is all that is read
   * @returns undefined if there is no such group
   */
  load(state: State, key: string, time = -1): Group | undefined {
    const stored = state.get<StoredSlice>(NEWEST + key)
    if (stored === undefined) return undefined
    const newest = this.sliceFrom(stored)
    if (time >= newest.start && time < newest.end) return { slices: [newest], isWhole: false }
    const older = state.get<readonly StoredSlice[]>(OLDER + key) ?? []
    return { slices: [...older.map((slice) => this.sliceFrom(slice)), newest], isWhole: true }
  }

  keep(state: State, key: string, { slices, isWhole }: Group): void {
    const newest = slices.at(-1)
    if (newest === undefined) state.delete(NEWEST + key)
    else state.set(NEWEST + key, this.stored(newest))
    if (!isWhole) return
    if (slices.length > 1)
      state.set(
        OLDER + key,
        slices.slice(0, -1).map((slice) => this.stored(slice)),
      )
    else state.delete(OLDER + key)
  }

  private sliceFrom(stored: StoredSlice): Slice {
    const [start, length] = stored as readonly [number, number]
    return { start, end: start + length, summary: this.summaries.load(stored, 2) }
  }

  private stored({ start, end, summary }: Slice): StoredSlice {
    const stored: StoredNumber[] = [start, end - start]
    this.summaries.store(summary, stored)
    return stored
  }
}

type StoredSlice = readonly StoredNumber[]
