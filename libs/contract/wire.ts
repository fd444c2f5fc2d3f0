/** What a stream is: open for data, closing (no more data, the end not yet in the log), or over. */
export type StreamStatus = 'open' | 'closing' | 'ended' | 'expired'

/** Why a stream is closing or over. */
export type CloseReason = 'ended' | 'timeout' | 'deleted'

/** The reply of `GET /stream/{id}`, and a row of `GET /streams`. Times are ISO 8601. */
export interface StreamDescription {
  stream_id: string
  incarnation: string
  stream_status: StreamStatus
  processor: string
  labels: Record<string, string>
  started_at: string
  last_activity_at: string
  idle_timeout_ms: number
  retention_ms: number
  /** Number of the oldest result kept; results.latest + 1 if none is. */
  oldest: number
  /** Number of the newest result; 0 before the first. */
  latest: number
  /** Failed records that are listed as dead letters. */
  dead_letters: number
  /** Readers connected to this server. */
  readers: number
  /** Entries (sends, starts, ends …) of the log behind what of this stream is processed; those of other streams of its partition count. */
  lag: number
}

/** A row of `GET /processors`. */
export interface ProcessorDescription {
  name: string
  /** What it does, in a sentence. */
  description: string
  /** The same records give the same results, so that readers may have them before they are on the disk. */
  deterministic: boolean
  /** JSON Schema of `processor_options`. */
  options: Readonly<Record<string, unknown>>
}

/** Why a reader cannot go on where it was. */
export type ResetReason = 'trimmed' | 'incarnation' | 'future' | 'invalid'

/** The data of a `reset` event: the results still there are `oldest` to `latest`; reading goes on from the oldest. */
export interface Reset {
  reason: ResetReason
  oldest: number
  latest: number
}

/** The data of a `reset` event of `GET /streams/events`: cursors; reading goes on behind `oldest`, with the oldest events there are. */
export interface FeedReset {
  reason: Exclude<ResetReason, 'incarnation'>
  oldest: string
  latest: string
}

/** What happened to a stream, as `GET /streams/events` tells it. */
export type LifecycleType = 'started' | 'closing' | 'ended' | 'expired' | 'deleted'
