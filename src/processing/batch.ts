import type { Claim, StoredEntry, StreamSettings } from '#libs/engine'
import type { Outcome, Work } from '#libs/processor'

/** Pattern of the handler that processes batches. */
export const RECORDS = 'records'

/** The most records handed to the handler at once. */
export const BATCH_RECORDS = 500

/** What a stream's processor is to do next. */
export interface StreamWork extends Work {
  readonly incarnation: string
  readonly settings: StreamSettings
}

/** What came of it. */
export interface StreamOutcomes {
  /** One for each input, in order; of the first inputs only, if too much came of them. Of a batch of one stream there is one at least. */
  readonly outcomes: readonly Outcome[]
  /** Whether the same inputs would give the same again. */
  readonly again: boolean
}

/** Of work that was left out: it is to be asked for again. */
export const NOTHING: StreamOutcomes = { outcomes: [], again: false }

/** What becomes of a batch, in which no stream is twice: for each stream's work, in order, what came of it, or will some time. */
export type BatchHandler = (
  batch: readonly StreamWork[],
) => Promise<readonly (StreamOutcomes | Promise<StreamOutcomes>)[]>

/** Who asks the processor host, and leaves streams to themselves that keep the others waiting. */
export interface Asking {
  /** What came of each stream's work; undefined where the stream is a straggler from here on: its entries are to be left to it. */
  readonly ask: (batch: readonly StreamWork[]) => Promise<readonly (StreamOutcomes | undefined)[]>
  /** What came of one stream's work, however long it takes. */
  readonly askLong: (work: StreamWork) => Promise<StreamOutcomes | undefined>
  /** Leaves an entry to a stream that is a straggler by now. To be called for all that it was asked about, before the next commit. */
  readonly leave: (stream: string, entry: StoredEntry) => void
}

/** Has records processed by a job outside, partition by partition. */
export interface ExternalProcessing {
  /**
   * What processes the work of a claim until that ends: then a batch under way is rejected.
   * @throws ApiError `log_unavailable`, by the handler, when the claim has ended
   */
  handlerFor(claim: Claim): BatchHandler
}
