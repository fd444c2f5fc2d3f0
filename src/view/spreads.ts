import type { Commit, Spread } from '#libs/engine'
import type { Store } from './store.js'

const rowOf = (partition: number): string => `spread/${partition}`

/** By partition, which streams are behind the others. */
export class Spreads {
  private readonly known: (Spread | undefined)[] = []

  constructor(private readonly store: Store) {}

  of(partition: number): Spread | undefined {
    return this.known[partition]
  }

  /** Takes over what the store has of a partition that is committed up to `to`. */
  begin(partition: number, to: number): void {
    this.known[partition] = unlessOver(this.stored(partition), to)
  }

  apply(commit: Commit): void {
    this.known[commit.partition] = after(commit, this.known[commit.partition])
  }

  write(commits: readonly Commit[]): void {
    const newest = new Map<number, Spread | undefined>()
    for (const commit of commits) {
      const { partition } = commit
      newest.set(partition, after(commit, newest.has(partition) ? newest.get(partition) : this.stored(partition)))
    }
    for (const [partition, spread] of newest)
      if (spread !== undefined) void this.store.meta.put(rowOf(partition), Buffer.from(JSON.stringify(spread)), 0)
      else if (this.stored(partition) !== undefined) void this.store.meta.remove(rowOf(partition))
  }

  private stored(partition: number): Spread | undefined {
    const row = this.store.meta.get(rowOf(partition))
    return row === undefined ? undefined : (JSON.parse(row.toString()) as Spread)
  }
}

const after = ({ spread, to }: Commit, before: Spread | undefined): Spread | undefined =>
  spread ?? unlessOver(before, to)

/** The first commit of an owner says nothing of it, and changes nothing. */
const unlessOver = (spread: Spread | undefined, to: number): Spread | undefined =>
  spread !== undefined && to < spread.taken ? spread : undefined
