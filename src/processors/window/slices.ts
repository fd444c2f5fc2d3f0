import type { Summaries, Summary } from './summaries.js'

/** Records of a group that are in the same windows: the start and end of the time that it takes in, ms since 1970. */
export interface Slice {
  readonly start: number
  readonly end: number
  readonly summary: Summary
}

/** How the time of a group is cut into windows. Slices are those of one group, by start, and have a window that is open. */
export interface Slicing {
  /** Slices that a group can have at once, and windows over them. */
  readonly most: { readonly slices: number; readonly windows: number }
  /** Whether all windows of a record at `time` have closed. */
  isLate(time: number, slices: readonly Slice[], watermark: number): boolean
  /** The slice for a record at `time`. It is put among the others if it is new, and in the place of those that it joins. */
  sliceAt(time: number, slices: Slice[], summaries: Summaries): Slice
  /** When the next window over a slice closes after `watermark`. */
  nextEnd(slice: Slice, watermark: number): number
  /** When the last window over a slice closes. */
  lastEnd(slice: Slice): number
  /** The windows that close after `after` and until `until`, in the order of their ends. */
  closing(slices: readonly Slice[], after: number, until: number, summaries: Summaries): readonly Slice[]
}
