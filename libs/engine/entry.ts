/** What a client chose when it started a stream. Durations in ms. */
export interface StreamSettings {
  readonly processor: string
  readonly options: unknown
  readonly idleTimeoutMs: number
  readonly retentionMs: number
  readonly labels: Readonly<Record<string, string>>
}

/**
 * What makes a retried send recognisable: a client's key (`hash` tells another body), or a producer's place in its own sequence.
 * One send takes one sequence number, however many records it holds.
 */
export type RetryIdentity =
  | { readonly key: string; readonly hash: string }
  | { readonly producer: string; readonly epoch: number; readonly seq: number }

/** How long a retry identity is remembered, in ms of log time. */
export const RETRY_LIFETIME_MS = 24 * 3_600_000

/** A stream in one of its lives: what a seal or a sign of life names. */
export type StreamRef = readonly [id: string, incarnation: string]

/** Streams that one entry names, at most: their headers, of up to 6 kB each, come back in one commit. */
export const STREAMS_TOGETHER = 250

/**
 * One entry of the input log; it is there whole or not at all. `ticket` names whoever waits for the owner's verdict: unique over all
 * replicas and starts.
 */
export type Entry =
  | {
      readonly kind: 'start'
      readonly stream: string
      readonly incarnation: string
      readonly settings: StreamSettings
      readonly ticket?: string
    }
  | {
      readonly kind: 'data'
      readonly stream: string
      readonly incarnation: string
      /** 1..n records, each a JSON text without line breaks. */
      readonly records: readonly string[]
      readonly retry?: RetryIdentity
      readonly ticket?: string
    }
  /** The record of a dead letter is sent again, if the letter is still there at this place of the log: it goes with what comes of it. */
  | {
      readonly kind: 'replay'
      readonly stream: string
      readonly incarnation: string
      /** Of the letter: the number of its error result. */
      readonly seq: number
      readonly ticket?: string
    }
  | { readonly kind: 'end' | 'delete'; readonly stream: string; readonly ticket?: string }
  /** Behind it nothing counts any more for these streams. The owner appends it a grace after the commit that made them closing. */
  | { readonly kind: 'seal'; readonly streams: readonly StreamRef[] }
  /** These streams have readers: they are not idle. */
  | { readonly kind: 'alive'; readonly streams: readonly StreamRef[] }
  /**
   * Closes what was due at `asOf`, in log time: what the signs of life before it in the log keep open stays open, however much later the
   * tick itself was appended.
   */
  | { readonly kind: 'tick'; readonly asOf: number }

export type DataEntry = Extract<Entry, { kind: 'data' }>

/** An entry as it stands in the log: its offset, and the log's own time in ms since 1970, which never goes back. */
export type StoredEntry<E extends Entry = Entry> = E & { readonly offset: number; readonly at: number }

/** The text of an entry: one line of JSON, then each record on a line of its own. */
export function encodeEntry(entry: Entry): string {
  if (entry.kind !== 'data') return JSON.stringify(entry)
  const { kind, stream, incarnation, retry, ticket, records } = entry
  return `${JSON.stringify({ kind, stream, incarnation, retry, ticket })}\n${records.join('\n')}`
}

/** Reads what {@link encodeEntry} wrote. */
export function decodeEntry(text: string): Entry {
  const [head = '', ...records] = text.split('\n')
  const entry = JSON.parse(head) as Entry
  return entry.kind === 'data' ? { ...entry, records } : entry
}
