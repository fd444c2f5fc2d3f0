import type { CloseReason, LifecycleType, StreamStatus } from '#libs/contract'
import type { StreamSettings } from './entry.js'

/** What is known of a stream in its present life. Times are log times in ms since 1970. */
export interface StreamHeader {
  readonly id: string
  /** 16 hex digits, drawn anew at each start. */
  readonly incarnation: string
  readonly settings: StreamSettings
  readonly status: StreamStatus
  /** Set from `closing` on. */
  readonly reason?: CloseReason
  /** Number of the newest result, 0 before the first. */
  readonly lastSeq: number
  /** The last input entry that was taken for this stream, and how many of its records are done. */
  readonly lastInput: { readonly offset: number; readonly records: number }
  /** Retry identities remembered: the numbers of the oldest and of the next. */
  readonly retries: { readonly oldest: number; readonly next: number }
  /** What its processor remembers; absent if that is nothing. */
  readonly state?: StateSummary | undefined
  /** Its dead letters: records that failed and can be sent again; absent if there are none. */
  readonly letters?: LetterSummary | undefined
  /** When its processor is to be called though no data comes. */
  readonly timer?: number | undefined
  readonly startedAt: number
  readonly activeAt: number
  readonly closedAt?: number
  /** Of the last commit that only said again what was known. */
  readonly renewedAt?: number
}

/** What is known of a stream's state without reading it. */
export interface StateSummary {
  /** Of all keys and values, in UTF-8. */
  readonly bytes: number
  /** Of its form: the processor's when it was last changed. */
  readonly version: number
  /** Log time since which every key has been in a commit. */
  readonly fullAt: number
}

/** What is known of a stream's dead letters without reading them. Each is named by the number of its error result. */
export interface LetterSummary {
  readonly oldest: number
  readonly newest: number
  /** Log time of the oldest. */
  readonly oldestAt: number
  readonly count: number
  /** What they count for, all together, against the bound. */
  readonly bytes: number
  /** Log time since which every one of them has been in a commit. */
  readonly fullAt: number
}

/** Consecutive results of one stream, as single-line JSON; the first has number `first`. Never empty. */
export interface Run {
  readonly first: number
  readonly lines: readonly string[]
}

/** What a commit changes for one stream. */
export interface StreamPatch {
  readonly id: string
  readonly incarnation: string
  /** The header from now on; null when the stream is gone. */
  readonly header: StreamHeader | null
  readonly event?: LifecycleType
  /** The former life of a stream that starts anew: its results go. */
  readonly replaces?: string
  readonly runs: readonly Run[]
  /** Changed keys of what is remembered of retried sends; null forgets the key. */
  readonly dedupe: readonly (readonly [key: string, value: string | null])[]
  /** Changed keys of what the processor remembers, as JSON texts; null forgets the key. */
  readonly state?: readonly (readonly [key: string, value: string | null])[]
  /** Changed rows of its dead letters; null forgets the row. */
  readonly letters?: readonly (readonly [key: string, value: string | null])[]
}

/** The owner's answer to an entry with a ticket. */
export type Verdict =
  | { readonly code: 'accepted'; readonly incarnation: string; readonly duplicate: boolean }
  | { readonly code: 'producer_gap'; readonly expected: number }
  | {
      readonly code:
        | 'producer_fenced'
        | 'idempotency_key_reused'
        | 'stream_exists'
        | 'stream_closing'
        | 'stream_closed'
        | 'stream_not_found'
        | 'dead_letter_not_found'
    }

/** How far the streams of a partition have come where some are behind the others. */
export interface Spread {
  /** Every input entry below this offset is committed for every stream that is not behind. */
  readonly taken: number
  /** Of each stream that is behind: its first entry that is not committed as a whole, and what waits for it, in characters. */
  readonly behind: readonly (readonly [stream: string, offset: number, chars: number])[]
}

/**
 * What processing made of a piece of the input. Outputs, what is remembered, lifecycle and progress move together because they are one
 * record. It counts only if `epoch` is that of the newest marker and `n` is the next one in it.
 */
export interface Commit {
  /** All its streams are of this partition, and `to` is an offset of it. */
  readonly partition: number
  readonly epoch: number
  readonly n: number
  /** Every input entry below this offset is committed for every stream. */
  readonly to: number
  /**
   * Absent if no stream is behind; then all that was said of it before is over once `to` has come as far. With none behind it says that
   * `to` is lower than it need be.
   */
  readonly spread?: Spread
  /** Log time of the newest entry in it. */
  readonly at: number
  /** Each stream at most once. */
  readonly streams: readonly StreamPatch[]
  readonly verdicts: readonly (readonly [ticket: string, verdict: Verdict])[]
}

/** Of a patch without results and labels, about. */
export const PATCH_CHARS = 600

/** What a commit that waits for the disk holds in memory, about. */
export function charsOf(commit: Commit): number {
  let chars = commit.streams.length * PATCH_CHARS
  for (const { runs, state = [], letters = [] } of commit.streams) {
    for (const { lines } of runs) for (const line of lines) chars += line.length
    for (const rows of [state, letters]) for (const [key, value] of rows) chars += key.length + (value?.length ?? 0)
  }
  return chars
}
