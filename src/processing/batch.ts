import type { StreamSettings } from '#libs/engine'

/** Pattern of the handler that processes record batches. */
export const RECORDS = 'records'

/** The most records handed to the handler at once. */
export const BATCH_RECORDS = 500

/** One record to process. */
export interface RecordToProcess {
  readonly stream: string
  /** How the stream was started; undefined if it is not there (any more): what comes of the record does not count then. */
  readonly settings: StreamSettings | undefined
  /** The record's JSON text. */
  readonly text: string
}

/** What becomes of a batch: for each record, in order, its result as single-line JSON. */
export type BatchHandler = (batch: readonly RecordToProcess[]) => Promise<readonly string[]>
