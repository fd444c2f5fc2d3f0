import type { Commit } from '#libs/engine'

/**
 * Values that are known but may not be readable from the store yet: each waits here from the commit that made it until that commit
 * is on the disk. A later commit's value of the same key takes its place.
 */
export class Unsettled<V> {
  private readonly values = new Map<string, { readonly value: V; readonly by: Commit }>()

  set(key: string, value: V, by: Commit): void {
    this.values.set(key, { value, by })
  }

  get(key: string): { readonly value: V } | undefined {
    return this.values.get(key)
  }

  /** All of them, in no order. */
  *all(): Generator<V> {
    for (const { value } of this.values.values()) yield value
  }

  settle(key: string, by: Commit): void {
    if (this.values.get(key)?.by === by) this.values.delete(key)
  }
}
