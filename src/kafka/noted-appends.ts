import type { IdentityRow } from './wire.js'

/** So many parts of the log are told apart. The last half of them are single entries: more than what is read at once. */
const MOST_PARTS = 32_768

interface Part {
  /** Offsets of its first and its last entry. */
  readonly first: number
  readonly last: number
  /** The last append in it of each replica. */
  readonly rows: readonly IdentityRow[]
}

/**
 * Appends that an owner has read and that are not committed for every stream. While one stream is far behind there is no end of them, so
 * that old ones are known by parts of the log only, and those parts grow.
 */
export class NotedAppends {
  private parts: Part[] = []

  constructor(private readonly mostParts = MOST_PARTS) {}

  /** How many parts there are. */
  get size(): number {
    return this.parts.length
  }

  /** To be called in log order. */
  add(offset: number, row: IdentityRow): void {
    this.parts.push({ first: offset, last: offset, rows: [row] })
    if (this.parts.length > this.mostParts) this.merge()
  }

  /** Takes out what is below `to`, or below the offset that it returns where those around `to` are not told apart any more. */
  below(to: number): { readonly to: number; readonly rows: readonly IdentityRow[] } {
    const open = this.parts.findIndex(({ last }) => last >= to)
    const passed = this.parts.splice(0, open === -1 ? this.parts.length : open)
    return { to: Math.min(to, this.parts[0]?.first ?? to), rows: newestOf(passed) }
  }

  /** Every two parts of the older half become one. */
  private merge(): void {
    const older = this.parts.slice(0, this.mostParts / 2)
    const merged: Part[] = []
    for (let index = 0; index < older.length; index += 2) {
      const pair = older.slice(index, index + 2)
      const [first, last] = [pair[0]?.first ?? 0, pair.at(-1)?.last ?? 0]
      merged.push({ first, last, rows: newestOf(pair) })
    }
    this.parts = [...merged, ...this.parts.slice(this.mostParts / 2)]
  }
}

const newestOf = (parts: readonly Part[]): readonly IdentityRow[] => [
  ...new Map(parts.flatMap(({ rows }) => rows.map((row) => [row[0], row] as const))).values(),
]
