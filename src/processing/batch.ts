import type { StreamSettings } from '#libs/engine'
import type { Outcome, Work } from '#libs/processor'

/** Pattern of the handler that processes batches. */
export const RECORDS = 'records'

/** The most records handed to the handler at once. */
export const BATCH_RECORDS = 500

/** What a stream's processor is to do next. */
export interface StreamWork extends Work {
  readonly settings: StreamSettings
}

/** What came of it. */
export interface StreamOutcomes {
  /** One for each input, in order; of the first inputs only, if too much came of them. Of a batch of one stream there is one at least. */
  readonly outcomes: readonly Outcome[]
  /** Whether the same inputs would give the same again. */
  readonly again: boolean
}

/** What becomes of a batch, in which no stream is twice: for each stream's work, in order, what came of it. */
export type BatchHandler = (batch: readonly StreamWork[]) => Promise<readonly StreamOutcomes[]>
