import { join } from 'node:path'

import type { Commit, Engine } from '#libs/engine'
import { Store } from '../../src/view/store.js'
import { View } from '../../src/view/view.js'

export interface FeedEvent {
  readonly partition: number
  /** Its place among the events of its partition, from 0. */
  readonly index: number
}

interface Logged {
  readonly position: number
  readonly commit: Commit
}

/** Commit logs of several partitions, as every replica is given them. */
export class FeedLogs {
  readonly logs: readonly Logged[][]
  /** Of the events of each partition. */
  readonly numbers: readonly number[][]
  /** How many commits of each partition are gone from the log's beginning. */
  readonly cut: number[]
  now = 0

  constructor(partitions: number) {
    this.logs = Array.from({ length: partitions }, () => [])
    this.numbers = this.logs.map(() => [])
    this.cut = this.logs.map(() => 0)
  }

  /** Appends a commit that tells so many events, at a position `gap` behind the next: what stands between does not count. */
  commit(partition: number, events: number, gap = 0): void {
    const [log = [], numbers = []] = [this.logs[partition], this.numbers[partition]]
    const n = log.length + 1
    const at = ++this.now
    const position = (log.at(-1)?.position ?? 0) + 1 + gap
    const streams = Array.from({ length: events }, (_, index) => {
      const id = `${partition}.${numbers.push(position * 65_536 + index + 1) - 1}`
      const incarnation = at.toString(16).padStart(16, '0')
      return { id, incarnation, header: null, event: 'deleted' as const, runs: [], dedupe: [] }
    })
    log.push({ position, commit: { partition, epoch: 0, n, to: n, at, streams, verdicts: [] } })
  }

  /** Removes commits of before `time`; the replicas take and write what there is before. */
  trim(time: number, replicas: readonly FeedReplica[]): void {
    for (const replica of replicas) replica.writeAll()
    for (const [partition, log] of this.logs.entries())
      this.cut[partition] = log.filter(
        ({ commit }, index) => commit.at < time || index < (this.cut[partition] ?? 0),
      ).length
  }
}

/** The event that a line of the feed tells. */
export function feedEventOf(line: string): FeedEvent {
  const { stream_id: id } = JSON.parse(line) as { stream_id: string }
  const [partition = 0, index = 0] = id.split('.').map(Number)
  return { partition, index }
}

/** A real view on a real store that takes the commits of several partitions in an order of its own. */
export class FeedReplica {
  readonly engine: Pick<Engine, 'partitions' | 'barrier'>
  view: View
  private store: Store
  private stores = 0
  /** How many commits of each partition it knows, and how many it has on the disk, or were gone from the log when its store was made. */
  private applied: number[] = []
  private written: number[] = []
  private unwritten: Commit[] = []
  private unsettled: Commit[] = []

  constructor(
    private readonly logs: FeedLogs,
    private readonly folder: string,
  ) {
    this.engine = {
      partitions: logs.logs.length,
      barrier: async (partition) => {
        this.apply(partition)
      },
    }
    ;[this.store, this.view] = this.openAnew()
  }

  apply(partition: number, commits = Infinity): void {
    const log = this.logs.logs[partition] ?? []
    const from = this.applied[partition] ?? 0
    for (const { commit, position } of log.slice(from, from + commits)) {
      this.view.apply(commit, position)
      this.unwritten.push(commit)
      this.applied[partition] = commit.n
    }
  }

  write(): void {
    const commits = this.unwritten.splice(0)
    this.store.transactNow(() => {
      this.view.write(commits)
    })
    for (const { partition, n } of commits) this.written[partition] = n
    this.unsettled.push(...commits)
  }

  settle(): void {
    for (const commit of this.unsettled.splice(0)) this.view.settle(commit)
  }

  writeAll(): void {
    for (const partition of this.logs.logs.keys()) this.apply(partition)
    this.write()
  }

  settleAll(): void {
    this.writeAll()
    this.settle()
  }

  trim(before: number): void {
    this.store.transactNow(() => void this.view.lifecycle.trim(before, 1_000))
  }

  /** What it had not on the disk it is given again. */
  async restart(): Promise<void> {
    await this.store.close()
    ;[this.store, this.view] = this.open()
  }

  /** It begins with an empty store, at the beginning of the log. */
  async rebuild(): Promise<void> {
    await this.store.close()
    ;[this.store, this.view] = this.openAnew()
  }

  close(): Promise<void> {
    return this.store.close()
  }

  private openAnew(): [Store, View] {
    this.stores++
    this.written = [...this.logs.cut]
    return this.open()
  }

  private open(): [Store, View] {
    const store = new Store(join(this.folder, `store-${this.stores}`))
    const view = new View(store, this.logs.logs.length)
    this.applied = [...this.written]
    this.unwritten = []
    this.unsettled = []
    for (const [partition, n] of this.written.entries()) {
      const position = this.logs.logs[partition]?.[n - 1]?.position ?? 0
      view.begin(partition, n, position)
    }
    return [store, view]
  }
}
