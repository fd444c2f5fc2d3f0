import type { Commit } from '#libs/engine'
import type { StoredState } from '#libs/processor'
import { namedKey } from './rows.js'
import type { Store, Table } from './store.js'

/** A changed row: null forgets it. */
export type NamedChange = readonly [name: string, value: string | null]

/** Texts by (incarnation, name); those that a commit changed are in memory until it is on the disk. */
export class NamedRows {
  private readonly table: Table
  private readonly unsettled = new Map<string, Map<string, { readonly value: string | null; readonly by: Commit }>>()

  constructor(store: Store, table: string) {
    this.table = store.table(table)
  }

  get(incarnation: string, name: string): string | undefined {
    const unsettled = this.unsettled.get(incarnation)?.get(name)
    if (unsettled !== undefined) return unsettled.value ?? undefined
    return this.table.get(namedKey(incarnation, name))?.toString()
  }

  /** Those of one life. */
  of(incarnation: string): Pick<StoredState, 'get' | 'keys'> {
    return {
      get: (name) => this.get(incarnation, name),
      keys: (prefix) => this.names(incarnation, prefix),
    }
  }

  /** Names of a life's rows that begin with `prefix`, in no order. */
  names(incarnation: string, prefix = ''): Set<string> {
    const names = new Set<string>()
    for (const key of this.table.getKeys(rangeOf(incarnation, prefix))) names.add(key.toString('utf8', 8))
    for (const [name, { value }] of this.unsettled.get(incarnation) ?? []) {
      if (!name.startsWith(prefix)) continue
      if (value === null) names.delete(name)
      else names.add(name)
    }
    return names
  }

  apply(incarnation: string, changes: readonly NamedChange[], by: Commit): void {
    if (changes.length === 0) return
    const rows = this.unsettled.get(incarnation) ?? new Map<string, { value: string | null; by: Commit }>()
    this.unsettled.set(incarnation, rows)
    for (const [name, value] of changes) rows.set(name, { value, by })
  }

  write(incarnation: string, changes: Iterable<NamedChange>): void {
    for (const [name, value] of changes) {
      if (value === null) void this.table.remove(namedKey(incarnation, name))
      else void this.table.put(namedKey(incarnation, name), Buffer.from(value))
    }
  }

  settle(incarnation: string, changes: readonly NamedChange[], by: Commit): void {
    const rows = this.unsettled.get(incarnation)
    if (rows === undefined) return
    for (const [name] of changes) if (rows.get(name)?.by === by) rows.delete(name)
    if (rows.size === 0) this.unsettled.delete(incarnation)
  }

  /** Removes at most `limit` of a life's rows; says how many. */
  removeSome(incarnation: string, limit: number): number {
    let count = 0
    for (const key of this.table.getKeys({ ...rangeOf(incarnation, ''), limit })) {
      void this.table.remove(key)
      count++
    }
    return count
  }
}

/** No byte of UTF-8 is 255. */
function rangeOf(incarnation: string, prefix: string): { start: Buffer; end: Buffer } {
  const start = namedKey(incarnation, prefix)
  return { start, end: Buffer.concat([start, Buffer.from([255])]) }
}
