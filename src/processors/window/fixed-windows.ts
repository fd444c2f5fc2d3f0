import type { Slice, Slicing } from './slices.js'
import type { Summaries } from './summaries.js'

/**
 * Windows of one length, which start at the multiples of `slideMs` since 1970. A slice is what lies between two starts: a record changes
 * one slice, however many windows it is in, and they are joined when a window closes.
 */
export class FixedWindows implements Slicing {
  readonly most

  /** @param sizeMs a multiple of `slideMs` */
  constructor(
    private readonly sizeMs: number,
    private readonly slideMs: number,
    latenessMs: number,
  ) {
    // Starts from behind the watermark less a window, up to the newest record.
    const slices = Math.ceil((sizeMs + latenessMs) / slideMs)
    this.most = { slices, windows: slices + sizeMs / slideMs - 1 }
  }

  isLate(time: number, _slices: readonly Slice[], watermark: number): boolean {
    return this.startOf(time) + this.sizeMs <= watermark
  }

  sliceAt(time: number, slices: Slice[], summaries: Summaries): Slice {
    const start = this.startOf(time)
    const index = slices.findIndex((slice) => slice.start >= start)
    const found = slices[index]
    if (found?.start === start) return found
    const slice = { start, end: start + this.slideMs, summary: summaries.empty() }
    slices.splice(index < 0 ? slices.length : index, 0, slice)
    return slice
  }

  nextEnd({ start, end }: Slice, watermark: number): number {
    return watermark < end ? end : start + this.slideMs * (Math.floor((watermark - start) / this.slideMs) + 1)
  }

  lastEnd({ start }: Slice): number {
    return start + this.sizeMs
  }

  closing(slices: readonly Slice[], after: number, until: number, summaries: Summaries): Slice[] {
    const ends = new Set<number>()
    for (const slice of slices) {
      const last = Math.min(until, this.lastEnd(slice))
      for (let end = this.nextEnd(slice, after); end <= last; end += this.slideMs) ends.add(end)
    }
    return [...ends].sort((a, b) => a - b).map((end) => this.windowTo(end, slices, summaries))
  }

  private windowTo(end: number, slices: readonly Slice[], summaries: Summaries): Slice {
    const window = { start: end - this.sizeMs, end, summary: summaries.empty() }
    for (const slice of slices)
      if (slice.start >= window.start && slice.end <= end) summaries.merge(window.summary, slice.summary)
    return window
  }

  private startOf(time: number): number {
    return time - (time % this.slideMs)
  }
}
