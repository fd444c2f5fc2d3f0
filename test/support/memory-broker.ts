import { setImmediate as turn } from 'node:timers/promises'

import {
  LogGap,
  type Broker,
  type Extent,
  type Log,
  type Membership,
  type NewMessage,
  type StoredMessage,
} from '../../src/kafka/broker.js'

interface Partition {
  oldest: number
  readonly messages: StoredMessage[]
}

/** The two logs in memory, for as many replicas as there are, and the group that shares the partitions out. */
export class MemoryCluster {
  private readonly logs: Readonly<Record<Log, readonly Partition[]>>
  private readonly waiting = new Set<() => void>()
  private readonly members: { assign: (partitions: readonly number[]) => void; partitions: readonly number[] }[] = []
  private clock = 1_700_000_000_000
  private ahead = 0

  constructor(readonly partitions: number) {
    const empty = (): Partition[] => Array.from({ length: partitions }, () => ({ oldest: 0, messages: [] }))
    this.logs = { input: empty(), commits: empty(), work: empty(), done: empty() }
  }

  /** As one replica sees it. */
  broker(): Broker {
    return new MemoryBroker(this)
  }

  partition(log: Log, partition: number): Partition {
    const found = this.logs[log][partition]
    if (found === undefined) throw new RangeError(`no partition ${partition}`)
    return found
  }

  append(log: Log, partition: number, messages: readonly NewMessage[]): number {
    const { oldest, messages: stored } = this.partition(log, partition)
    const first = oldest + stored.length
    const at = this.now()
    messages.forEach(({ text }, index) => stored.push({ offset: first + index, at, text }))
    for (const wake of [...this.waiting]) wake()
    return first
  }

  trim(log: Log, partition: number, before: number): void {
    const found = this.partition(log, partition)
    found.messages.splice(0, before - found.oldest)
    found.oldest = Math.max(found.oldest, before)
  }

  /** Log time in ms; it only moves on. */
  now(): number {
    return (this.clock = Math.max(this.clock, Date.now() + this.ahead))
  }

  /** Lets log time run `ms` further ahead of the replicas' clocks. */
  advance(ms: number): void {
    this.ahead += ms
  }

  /** Resolves when a log has grown, or `signal` is aborted. */
  async grown(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake)
        this.waiting.delete(wake)
        resolve()
      }
      this.waiting.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  /** The newest member has all partitions: those before it are not told, as a replica that stands still is not. */
  join(assign: (partitions: readonly number[]) => void): Membership {
    const member = { assign, partitions: Array.from({ length: this.partitions }, (_, partition) => partition) }
    this.members.push(member)
    assign(member.partitions)
    return {
      fresh: () => ({ partitions: member === this.members.at(-1) ? member.partitions : [], ageMs: 0 }),
      leave: () => {
        this.members.splice(this.members.indexOf(member), 1)
        return Promise.resolve()
      },
    }
  }
}

class MemoryBroker implements Broker {
  private readonly closed = new AbortController()

  constructor(private readonly cluster: MemoryCluster) {}

  get partitions(): number {
    return this.cluster.partitions
  }

  async append(log: Log, partition: number, messages: readonly NewMessage[]): Promise<number> {
    await turn()
    if (this.closed.signal.aborted) return new Promise(() => undefined)
    return this.cluster.append(log, partition, messages)
  }

  async *read(
    log: Log,
    partition: number,
    from: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly StoredMessage[]> {
    const end = AbortSignal.any([signal, this.closed.signal])
    for (let next = from; !end.aborted;) {
      await turn()
      const { oldest, messages } = this.cluster.partition(log, partition)
      if (next < oldest) throw new LogGap(log, partition, next, `the oldest is ${oldest}`)
      const batch = messages.slice(next - oldest, next - oldest + 100)
      next += batch.length
      if (batch.length === 0) await this.cluster.grown(end)
      else yield batch
    }
  }

  async extent(log: Log, partition: number): Promise<Extent> {
    await turn()
    const { oldest, messages } = this.cluster.partition(log, partition)
    return { oldest, end: oldest + messages.length }
  }

  trim(log: Log, partition: number, before: number): Promise<void> {
    this.cluster.trim(log, partition, before)
    return Promise.resolve()
  }

  join(assign: (partitions: readonly number[]) => void): Promise<Membership> {
    return Promise.resolve(this.cluster.join(assign))
  }

  close(): Promise<void> {
    this.closed.abort()
    return Promise.resolve()
  }
}
