import type { ResultErrorCode } from '#libs/contract'
import type { StreamHeader } from '#libs/engine'
import type { StoredState } from '#libs/processor'

/** Texts by key: the rows of one stream's dead letters. */
export type LetterRows = Pick<StoredState, 'get' | 'keys'>

/** What is known of a dead letter beside its record. The letters of a stream are a list, so that any of them can go at no cost. */
export interface LetterHead {
  readonly code: ResultErrorCode
  /** Log time, ms since 1970. */
  readonly at: number
  /** What it counts for against the bound. */
  readonly bytes: number
  /** Number of the next older one. */
  readonly older?: number | undefined
  /** Number of the next newer one. */
  readonly newer?: number | undefined
}

/** A record that failed, by the number of its error result. */
export interface DeadLetter extends Pick<LetterHead, 'code' | 'at'> {
  readonly seq: number
  /** Its JSON text; a record that was larger than all letters of a stream may be is not kept. */
  readonly record: string | undefined
}

const HEAD = 'h:'

/** Keys of a letter's rows. */
export const headKey = (seq: number): string => `${HEAD}${seq}`
export const recordKey = (seq: number): string => `r:${seq}`

export const encodeHead = (head: LetterHead): string => JSON.stringify(head)

export function headOf(rows: LetterRows, seq: number): LetterHead | undefined {
  const text = rows.get(headKey(seq))
  return text === undefined ? undefined : (JSON.parse(text) as LetterHead)
}

/** Whether a letter of this log time is gone by `now`: it is kept as long as the error result that it belongs to. */
export const isFaded = (at: number, { settings }: StreamHeader, now: number): boolean =>
  at <= now - settings.retentionMs

/** Dead letters, as readers see them. Those that are too old are none, though their rows may be there until the owner removes them. */
export class DeadLetters {
  constructor(private readonly rowsOf: (header: StreamHeader) => LetterRows) {}

  /** At most `limit` of them behind number `after`, in order. @param now in log time */
  page(header: StreamHeader, after: number, limit: number, now: number): DeadLetter[] {
    const letters: DeadLetter[] = []
    if (header.letters === undefined) return letters
    const rows = this.rowsOf(header)
    for (const seq of numbersOf(rows)) {
      const head = seq > after ? headOf(rows, seq) : undefined
      if (head === undefined || isFaded(head.at, header, now)) continue
      letters.push({ seq, code: head.code, at: head.at, record: rows.get(recordKey(seq)) })
      if (letters.length === limit) break
    }
    return letters
  }

  /** How many there are. @param now in log time */
  count(header: StreamHeader, now: number): number {
    const { letters } = header
    if (letters === undefined) return 0
    if (!isFaded(letters.oldestAt, header, now)) return letters.count
    const rows = this.rowsOf(header)
    return numbersOf(rows).filter((seq) => !isFaded(headOf(rows, seq)?.at ?? 0, header, now)).length
  }
}

/** Numbers of all letters, in order. */
function numbersOf(rows: LetterRows): number[] {
  const numbers = Array.from(rows.keys(HEAD), (key) => Number(key.slice(HEAD.length)))
  return numbers.sort((a, b) => a - b)
}
