import type { Commit, Run, StreamPatch } from '#libs/engine'
import { decodeRun, decodeRunHead, encodeRun, lastOf, numberedKey, type StoredRun } from './rows.js'
import type { Store, Table } from './store.js'

/** Numbers are 6 bytes in keys. */
const MAX_SEQ = 2 ** 48 - 1

/**
 * Results by (incarnation, number), in runs. What a commit brought is read from memory until it is on the disk, so that a reader can
 * have it before the sync: after a crash the same input gives the same results.
 */
export class Results {
  private readonly table: Table
  private readonly tail = new Map<string, { readonly run: Run; readonly by: Commit }[]>()

  constructor(store: Store) {
    this.table = store.table('results')
  }

  /**
   * Runs behind result `after`, in order and without a hole between them, the first cut to begin at `after` + 1 unless that was
   * trimmed; stops once they hold `maxChars` or `maxResults`. Empty at the end of the log. One indexed read, whatever else is stored.
   */
  page(incarnation: string, after: number, maxChars: number, maxResults = Infinity): Run[] {
    const runs: Run[] = []
    let [chars, results] = [0, 0]
    let next = after + 1
    for (const stored of this.runs(incarnation, next)) {
      if (lastOf(stored) < next) continue
      const run = stored.first < next ? { first: next, lines: stored.lines.slice(next - stored.first) } : stored
      runs.push(run)
      next = lastOf(run) + 1
      for (const line of run.lines) chars += line.length
      results += run.lines.length
      if (chars >= maxChars || results >= maxResults) break
    }
    return runs
  }

  /** Number of the oldest result kept, if any is. */
  oldest(incarnation: string): number | undefined {
    return this.head(incarnation, 0)?.first ?? this.tail.get(incarnation)?.[0]?.run.first
  }

  /** Log time of the run that holds result `seq` or, if that was trimmed, of the next one kept. */
  timeOf(incarnation: string, seq: number): number | undefined {
    return this.head(incarnation, seq)?.at ?? this.tail.get(incarnation)?.find(({ run }) => lastOf(run) >= seq)?.by.at
  }

  apply(patch: StreamPatch, commit: Commit): void {
    if (patch.runs.length === 0) return
    const tail = this.tail.get(patch.incarnation) ?? []
    this.tail.set(patch.incarnation, tail)
    for (const run of patch.runs) tail.push({ run, by: commit })
  }

  write({ incarnation, runs }: { readonly incarnation: string; readonly runs: readonly StoredRun[] }): void {
    for (const run of runs) void this.table.put(numberedKey(incarnation, lastOf(run)), encodeRun(run))
  }

  settle(patch: StreamPatch, commit: Commit): void {
    const tail = this.tail.get(patch.incarnation)
    if (tail === undefined) return
    while (tail[0]?.by === commit) tail.shift()
    if (tail.length === 0) this.tail.delete(patch.incarnation)
  }

  /**
   * Removes at most `limit` runs that end at or before result `upTo` and are older than `before` (log time, ms); says how many. What is
   * still read from memory stays: a result that went could be read again.
   */
  trim(incarnation: string, upTo: number, before: number, limit: number): number {
    const unsettled = this.tail.get(incarnation)?.[0]?.run.first ?? Infinity
    return this.remove(incarnation, Math.min(upTo + 1, unsettled), before, limit)
  }

  /** Removes at most `limit` runs of a life that is gone; says how many. */
  removeSome(incarnation: string, limit: number): number {
    return this.remove(incarnation, MAX_SEQ, Infinity, limit)
  }

  private remove(incarnation: string, end: number, before: number, limit: number): number {
    let removed = 0
    const range = { start: numberedKey(incarnation, 0), end: numberedKey(incarnation, end), limit }
    for (const { key, value } of this.table.getRange(range)) {
      if (decodeRunHead(key, value).at >= before) break
      void this.table.remove(key)
      removed++
    }
    return removed
  }

  /** Of the first stored run that ends at or behind result `from`. Its results are neither copied nor decoded: every resume asks. */
  private head(incarnation: string, from: number): Pick<StoredRun, 'at' | 'first'> | undefined {
    const range = { start: numberedKey(incarnation, from), end: numberedKey(incarnation, MAX_SEQ), limit: 1 }
    for (const key of this.table.getKeys(range)) {
      const value = this.table.getBinaryFast(key)
      if (value !== undefined) return decodeRunHead(key, value)
    }
    return undefined
  }

  private *runs(incarnation: string, from: number): Generator<StoredRun> {
    const range = { start: numberedKey(incarnation, from), end: numberedKey(incarnation, MAX_SEQ) }
    for (const { key, value } of this.table.getRange(range)) yield decodeRun(key, value)
    for (const { run, by } of this.tail.get(incarnation) ?? []) if (lastOf(run) >= from) yield { ...run, at: by.at }
  }
}
