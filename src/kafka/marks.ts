/** A marker in a partition's commit log: whoever knows nothing can begin to read there. */
export interface Mark {
  readonly offset: number
  /** Log time of the newest entry committed before it, ms since 1970. */
  readonly at: number
}

/** Marks are at least this part of the retention apart: so many are known, however often a partition is taken. */
const PARTS = 20

/** The marks known, in log order, with a new one, if it is far enough behind the last; and without those that are of no use any more. */
export function withMark(marks: readonly Mark[], mark: Mark, retentionMs: number): readonly Mark[] {
  const last = marks.at(-1)
  if (last !== undefined && mark.at < last.at + retentionMs / PARTS) return marks
  const oldest = trimmable(marks, mark.at - retentionMs)
  return [...marks.filter(({ offset }) => offset >= (oldest?.offset ?? 0)), mark]
}

/** The newest mark behind which there is everything newer than `before`. */
export const trimmable = (marks: readonly Mark[], before: number): Mark | undefined =>
  marks.findLast(({ at }) => at < before)
