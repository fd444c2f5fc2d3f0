/** What names an append: the replica in one of its lives, and the number of the append to the partition, from 1. */
export interface AppendIdentity {
  readonly replica: string
  readonly seq: number
}

interface LastAppend {
  readonly seq: number
  /** Log time, ms since 1970. */
  readonly at: number
}

/** An append this much older than the log is nobody's retry any more, in ms of log time. */
export const IDENTITY_LIFETIME_MS = 24 * 3_600_000

/**
 * Tells the twins of a partition's entries: a client library that repeats an append may write it twice. A replica has one append under
 * way in a partition, so its numbers rise in the log, and what does not rise is there already.
 */
export class AppendIdentities {
  private readonly last: Map<string, LastAppend>

  constructor(table: Iterable<readonly [replica: string, last: LastAppend]> = []) {
    this.last = new Map(table)
  }

  /** Whether the entry is the first of its identity; to be asked once for each, in log order. */
  admits({ replica, seq }: AppendIdentity, at: number): boolean {
    const known = this.last.get(replica)
    // The map is in the order of use, so that the oldest come first.
    this.last.delete(replica)
    this.last.set(replica, { seq: Math.max(seq, known?.seq ?? 0), at })
    this.forget(at - IDENTITY_LIFETIME_MS)
    return known === undefined || seq > known.seq
  }

  /** The table, to go on from later. */
  [Symbol.iterator](): Iterator<readonly [replica: string, last: LastAppend]> {
    return this.last.entries()
  }

  private forget(before: number): void {
    for (const [replica, { at }] of this.last) {
      if (at >= before) return
      this.last.delete(replica)
    }
  }
}
