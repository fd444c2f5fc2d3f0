import type { Engine } from '#libs/engine'
import type { ExternalProcessing } from './processing/batch.js'
import type { Store } from './view/store.js'

/** Commits of full size that may be on their way to the store. */
export const UNSETTLED_COMMITS = 4

/** An engine, and the store of the view that it fills. */
export interface Opened {
  readonly engine: Engine
  readonly store: Store
  /** In place of the processor host. */
  readonly external?: ExternalProcessing | undefined
  /** Lets go of the store, once the engine is closed. */
  close(): Promise<void>
}
