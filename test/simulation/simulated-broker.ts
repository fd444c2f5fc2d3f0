import type { Broker, Extent, Log, Membership, NewMessage, StoredMessage } from '../../src/kafka/broker.js'
import { PartitionRead } from '../../src/kafka/partition-read.js'
import type { Fetched, SimulatedCluster } from './simulated-cluster.js'
import type { SimulatedGroup } from './simulated-group.js'
import type { Process } from './virtual-time.js'

/** The broker port of one process. What reads a partition is the real thing; what it is given comes from the simulated cluster. */
export class SimulatedBroker implements Broker {
  /** Until when answers to fetches of the commit log are held up, in virtual time. */
  stalledUntil = 0

  constructor(
    private readonly cluster: SimulatedCluster,
    private readonly group: SimulatedGroup,
    private readonly process: Process,
  ) {}

  get partitions(): number {
    return this.cluster.partitions
  }

  append(log: Log, partition: number, messages: readonly NewMessage[]): Promise<number> {
    return this.cluster.append(this.process, log, partition, messages)
  }

  async *read(
    log: Log,
    partition: number,
    from: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly StoredMessage[]> {
    const read = new PartitionRead(log, log, partition, from)
    const end = (): void => {
      read.end()
    }
    if (signal.aborted) end()
    signal.addEventListener('abort', end)
    this.fetch(log, read)
    try {
      for (;;) {
        const batch = await read.take()
        if (batch === undefined) return
        yield batch
      }
    } finally {
      signal.removeEventListener('abort', end)
      end()
    }
  }

  extent(log: Log, partition: number): Promise<Extent> {
    return this.cluster.extent(this.process, log, partition)
  }

  trim(log: Log, partition: number, before: number): Promise<void> {
    return new Promise((resolve) => {
      this.cluster.ask(this.process, (answer) => {
        this.cluster.trim(log, partition, before)
        answer(resolve)
      })
    })
  }

  join(assign: (partitions: readonly number[]) => void): Promise<Membership> {
    return this.group.join(this.process, assign)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Fetches for as long as the reader has room: what a schedule brings is less than its share. */
  private fetch(log: Log, read: PartitionRead): void {
    if (!read.hasRoom) return
    this.cluster.ask(this.process, (answer) => {
      this.cluster.fetch(log, read.partition, read.offset, (fetched) => {
        answer(() => this.arrived(log, read, fetched))
      })
    })
  }

  private arrived(log: Log, read: PartitionRead, fetched: Fetched): void {
    const { time } = this.cluster
    if (log === 'commits' && time.now < this.stalledUntil) {
      time.schedule(this.stalledUntil - time.now, () => this.arrived(log, read, fetched), this.process)
      return
    }
    if (fetched.outOfRange !== undefined) {
      const { oldest, end } = fetched.outOfRange
      read.stop(`the oldest message is ${oldest} and the next one will be ${end}`)
    } else read.add(fetched.records)
    this.fetch(log, read)
  }
}
