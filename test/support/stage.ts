import type { Client } from './client.js'
import type { History } from './history.js'
import type { Random } from './random.js'

/** What the writers and readers of a run share: the history, and whoever serves them. */
export interface Stage {
  readonly history: History
  readonly random: Random
  /** No new sends: the run comes to its end. */
  readonly isOver: boolean
  /** Grows at every restart of a server. */
  readonly generation: number
  /** Between two sends of a client, in ms; 0: it sends as fast as it is answered. */
  readonly paceMs: number
  /** Of a new client. */
  route(): Route
  /** Where a reader connects, asked for at each connection. */
  readerUrl(): () => string
}

/** Whom one client asks. */
export interface Route {
  readonly client: Client
  /** An attempt has failed. Resolves when the next one is worth while, which may go to another server. */
  next(): Promise<void>
}
