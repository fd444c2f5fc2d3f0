import type { Store } from '../view/store.js'
import type { Mark } from './marks.js'
import type { IdentityRow } from './wire.js'

/** How far a reader of a partition's commit log has come. */
export interface TailState {
  /** Offset of the next message. */
  readonly next: number
  /** When the message before it was appended, ms since 1970: what tells its log from another one. */
  readonly stamp: number
  readonly epoch: number
  readonly n: number
  /** Every input entry below this offset is committed. */
  readonly to: number
  /** Log time of the newest of them, ms since 1970. */
  readonly at: number
  /** The last append of every replica below `to`. */
  readonly identities: readonly IdentityRow[]
  readonly marks: readonly Mark[]
  /** The grace of the newest marker's owner, and the longest of all that were seen, in ms. */
  readonly graceMs: { readonly newest: number; readonly longest: number }
}

/** Of a view that starts with nothing: at the oldest message, whose commits count from the first marker on. */
export const beginningAt = (next: number): TailState => ({
  next,
  stamp: 0,
  epoch: -1,
  n: 0,
  to: 0,
  at: 0,
  identities: [],
  marks: [],
  graceMs: { newest: 0, longest: 0 },
})

/** Where the tail of a partition goes on; undefined if the store has nothing of it. */
export function readState(store: Store, partition: number): TailState | undefined {
  const row = store.meta.get(rowOf(partition))
  return row === undefined ? undefined : (JSON.parse(row.toString()) as TailState)
}

/** To be called within a transaction. */
export function writeState(store: Store, partition: number, state: TailState): void {
  void store.meta.put(rowOf(partition), Buffer.from(JSON.stringify(state)), 0)
}

const rowOf = (partition: number): string => `tail-${partition}`
