import type { ResultErrorCode } from '#libs/contract'
import type { LetterSummary, StreamHeader } from '#libs/engine'
import { encodeHead, headKey, headOf, isFaded, recordKey, type LetterHead } from '../view/dead-letters.js'
import type { Draft } from './draft.js'

/** What the smallest letter counts for, so that one bound is enough for their bytes and for their number. */
const LEAST_BYTES = 1_024

export interface Failure {
  /** Number of the error result. */
  readonly seq: number
  /** Log time. */
  readonly at: number
  readonly code: ResultErrorCode
  /** The record's JSON text. */
  readonly record: string
}

/**
 * Keeps a record that failed; the oldest go that there is no room for. One that is larger than `maxBytes` by itself is kept without its
 * text: to let it push out all others would help nobody. What is kept depends on the log alone, wherever commits end.
 */
export function bury(draft: Draft, stream: string, { seq, at, code, record }: Failure, maxBytes: number): void {
  fade(draft, stream, at)
  const header = draft.header(stream)
  if (header === undefined) return
  const { letters } = header
  const size = Buffer.byteLength(record)
  const kept = size <= maxBytes
  const bytes = kept ? Math.max(size, LEAST_BYTES) : LEAST_BYTES
  draft.keepLetter(header, headKey(seq), encodeHead({ code, at, bytes, older: letters?.newest }))
  if (kept) draft.keepLetter(header, recordKey(seq), record)
  if (letters !== undefined) relink(draft, header, letters.newest, { newer: seq })
  const before = letters ?? { oldest: seq, oldestAt: at, count: 0, bytes: 0, fullAt: at }
  draft.change({
    ...header,
    letters: { ...before, newest: seq, count: before.count + 1, bytes: before.bytes + bytes },
  })
  dropOldest(draft, stream, (now) => now.bytes > maxBytes)
}

/** The record of a letter that can be sent again at `at`, in log time. */
export function recordOf(draft: Draft, header: StreamHeader, seq: number, at: number): string | undefined {
  const rows = draft.lettersOf(header)
  const head = headOf(rows, seq)
  return head === undefined || isFaded(head.at, header, at) ? undefined : rows.get(recordKey(seq))
}

/** A letter goes; its neighbours in the list are neighbours then. */
export function exhume(draft: Draft, header: StreamHeader, seq: number): void {
  const { letters } = header
  const { older, newer, bytes } = known(draft, header, seq)
  draft.keepLetter(header, headKey(seq), null)
  draft.keepLetter(header, recordKey(seq), null)
  if (older !== undefined) relink(draft, header, older, { newer })
  const next = newer === undefined ? undefined : relink(draft, header, newer, { older })
  if (letters === undefined) return
  const oldest = older === undefined ? newer : letters.oldest
  const newest = newer === undefined ? older : letters.newest
  const isLast = oldest === undefined || newest === undefined
  const oldestAt = older === undefined && next !== undefined ? next.at : letters.oldestAt
  const left = { ...letters, oldestAt, count: letters.count - 1, bytes: letters.bytes - bytes }
  draft.change({ ...header, letters: isLast ? undefined : { ...left, oldest, newest } })
}

/** Letters go whose error results are too old to be kept at `at`, in log time. */
export function fade(draft: Draft, stream: string, at: number): void {
  dropOldest(draft, stream, ({ oldestAt }, header) => isFaded(oldestAt, header, at))
}

function dropOldest(
  draft: Draft,
  stream: string,
  goes: (letters: LetterSummary, header: StreamHeader) => boolean,
): void {
  for (;;) {
    const header = draft.header(stream)
    if (header?.letters === undefined || !goes(header.letters, header)) return
    exhume(draft, header, header.letters.oldest)
  }
}

function relink(
  draft: Draft,
  header: StreamHeader,
  seq: number,
  link: Partial<Pick<LetterHead, 'older' | 'newer'>>,
): LetterHead {
  const head = { ...known(draft, header, seq), ...link }
  draft.keepLetter(header, headKey(seq), encodeHead(head))
  return head
}

function known(draft: Draft, header: StreamHeader, seq: number): LetterHead {
  const head = headOf(draft.lettersOf(header), seq)
  if (head === undefined) throw new Error(`Dead letter ${seq} of stream ${header.id} is in a list and not there.`)
  return head
}
