import type { Engine } from '#libs/engine'
import type { Store } from './view/store.js'

/** An engine, and the store of the view that it fills. */
export interface Opened {
  readonly engine: Engine
  readonly store: Store
  /** Lets go of the store, once the engine is closed. */
  close(): Promise<void>
}
