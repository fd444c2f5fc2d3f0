import type { Slice, Slicing } from './slices.js'
import type { Summaries } from './summaries.js'

/** Windows that end where nothing came for `gapMs`. A slice is a session; its end is `gapMs` behind its last record. */
export class SessionWindows implements Slicing {
  readonly most

  constructor(
    private readonly gapMs: number,
    latenessMs: number,
  ) {
    // One at the watermark, and others of at least a gap up to the newest record.
    const slices = Math.ceil(latenessMs / gapMs) + 1
    this.most = { slices, windows: slices }
  }

  isLate(time: number, slices: readonly Slice[], watermark: number): boolean {
    return time + this.gapMs <= watermark && !slices.some((slice) => this.isOf(slice, time))
  }

  sliceAt(time: number, slices: Slice[], summaries: Summaries): Slice {
    const from = slices.findIndex((slice) => this.isOf(slice, time))
    const joined = slices.filter((slice) => this.isOf(slice, time))
    const [first, ...others] = joined
    const slice = {
      start: Math.min(time, first?.start ?? time),
      end: Math.max(time + this.gapMs, joined.at(-1)?.end ?? time),
      summary: first?.summary ?? summaries.empty(),
    }
    for (const { summary } of others) summaries.merge(slice.summary, summary)
    const later = slices.findIndex(({ start }) => start > time)
    const place = from >= 0 ? from : later >= 0 ? later : slices.length
    slices.splice(place, joined.length, slice)
    return slice
  }

  nextEnd({ end }: Slice): number {
    return end
  }

  lastEnd({ end }: Slice): number {
    return end
  }

  closing(slices: readonly Slice[], _after: number, until: number): readonly Slice[] {
    return slices.filter(({ end }) => end <= until)
  }

  /** Whether a record at `time` joins the session: less than a gap from its first and its last record. */
  private isOf({ start, end }: Slice, time: number): boolean {
    return time < end && start < time + this.gapMs
  }
}
