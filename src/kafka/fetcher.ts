import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { FetchReply } from 'kafkajs/src/protocol/requests/index.js'
import { withoutAborted } from './aborted.js'
import type { Log, StoredMessage } from './broker.js'
import type { Cluster, Layout } from './cluster.js'
import { extent } from './extent.js'
import { PartitionRead, READ_AHEAD_BYTES } from './partition-read.js'
import { ERROR_CODE, FETCH, READ_COMMITTED, READ_UNCOMMITTED } from './protocol.js'

/** How long a broker waits for messages before it answers with none: a new reader waits for the fetch under way, which is without it. */
const LONG_POLL_MS = 100

/**
 * The same while a fetch leaves a reader of that broker out, for want of room or because another one reads the same partition: one that
 * catches up got 10 MB/s beside another that waited at the end of the partition, with this it gets 50 to 100.
 */
const SHORT_POLL_MS = 10

/** Of a partition in one response; half of what is fetched ahead, so that who takes it at once is in the next fetch too. */
const PARTITION_BYTES = READ_AHEAD_BYTES / 2

/** Of all partitions in one response; a batch that is larger comes alone. */
const RESPONSE_BYTES = 8 * 1024 * 1024

/** After a failure, give or take half. */
const RETRY_MS = 100

/**
 * Fetches for all readers: one request at a time for each broker, with all the partitions that it leads and that have room. A reader that
 * does not take what it has is left out and holds up nobody. Failures of brokers are waited out.
 */
export class Fetcher {
  /** The first in line are first in the next fetch. */
  private readonly reads = new Set<PartitionRead>()
  /** Brokers with a fetch under way, or a rest after one that failed. */
  private readonly busy = new Set<number>()
  private looking = false
  private readonly closing = new AbortController()

  constructor(private readonly cluster: Cluster) {}

  /** See Broker.read. */
  async *read(
    log: Log,
    topic: string,
    partition: number,
    from: number,
    signal: AbortSignal,
  ): AsyncGenerator<readonly StoredMessage[]> {
    const read = new PartitionRead(log, topic, partition, from)
    const end = (): void => read.end()
    // One signal may end the reads of every partition: no leak, which Node takes more than ten listeners for.
    setMaxListeners(0, signal)
    if (signal.aborted || this.closed) end()
    signal.addEventListener('abort', end)
    this.reads.add(read)
    void this.fetchAll()
    try {
      for (;;) {
        const batch = await read.take()
        if (batch === undefined) return
        void this.fetchAll()
        yield batch
      }
    } finally {
      signal.removeEventListener('abort', end)
      this.reads.delete(read)
      read.end()
    }
  }

  /** Ends all reads. */
  close(): void {
    this.closing.abort()
    for (const read of this.reads) read.end()
  }

  private get closed(): boolean {
    return this.closing.signal.aborted
  }

  /** Starts a fetch at every broker that is not busy and leads something with room. */
  private async fetchAll(): Promise<void> {
    if (this.looking) return
    this.looking = true
    const layout = await this.layout()
    this.looking = false
    if (layout === undefined) return
    for (const [node, reads] of this.due(layout)) void this.fetch(layout, node, reads)
  }

  /** Undefined if this is closed first. */
  private async layout(): Promise<Layout | undefined> {
    while (!this.closed) {
      try {
        return await this.cluster.layout()
      } catch {
        await this.rest()
      }
    }
    return undefined
  }

  /** What to fetch by node. A request names a partition once: of two readers of it, one waits for the next. */
  private due(layout: Layout): Map<number, PartitionRead[]> {
    const due = new Map<number, PartitionRead[]>()
    for (const read of this.reads) {
      const node = layout.leader(read.topic, read.partition)
      if (!read.hasRoom || this.busy.has(node)) continue
      const reads = due.get(node) ?? []
      if (!reads.some((other) => isOf(other, read.topic, read.partition))) due.set(node, [...reads, read])
    }
    return due
  }

  private async fetch(layout: Layout, node: number, reads: readonly PartitionRead[]): Promise<void> {
    this.busy.add(node)
    const leftOut = [...this.reads].some(
      (read) => layout.leader(read.topic, read.partition) === node && !reads.includes(read),
    )
    try {
      const body = {
        maxWaitTime: leftOut ? SHORT_POLL_MS : LONG_POLL_MS,
        minBytes: 1,
        maxBytes: RESPONSE_BYTES,
        isolationLevel: reads.some(({ mayHaveGaps }) => mayHaveGaps) ? READ_COMMITTED : READ_UNCOMMITTED,
        topics: reads.map(({ topic, partition, offset }) => ({
          topic,
          partitions: [{ partition, fetchOffset: offset, maxBytes: PARTITION_BYTES }],
        })),
      }
      const reply = await this.cluster.ask(layout, node, { api: FETCH, lane: 'fetch', body })
      await this.distribute(reply, reads)
    } catch {
      this.cluster.outdated(layout)
      await this.rest()
    }
    this.busy.delete(node)
    void this.fetchAll()
  }

  /** @throws Error if a partition could not be read and has no gap */
  private async distribute({ responses }: FetchReply, reads: readonly PartitionRead[]): Promise<void> {
    const served: PartitionRead[] = []
    const outOfRange: PartitionRead[] = []
    const failed: number[] = []
    for (const { topicName, partitions } of responses) {
      for (const { partition, errorCode, messages, abortedTransactions } of partitions) {
        const read = reads.find((candidate) => isOf(candidate, topicName, partition))
        if (read === undefined) continue
        if (errorCode === ERROR_CODE.OFFSET_OUT_OF_RANGE) outOfRange.push(read)
        else if (errorCode !== ERROR_CODE.NONE) failed.push(errorCode)
        else if (messages.length > 0) served.push(read)
        read.add(withoutAborted(messages, abortedTransactions))
      }
    }
    // A response that is full leaves out the last in line, and a batch larger than its share unless it comes first.
    this.moveBack(reads)
    this.moveBack(served)
    for (const read of outOfRange) await this.stopAtGap(read)
    if (failed.length > 0) throw new Error(`Error codes ${failed.join(', ')} in a fetch.`)
  }

  private moveBack(reads: readonly PartitionRead[]): void {
    for (const read of reads) if (this.reads.delete(read)) this.reads.add(read)
  }

  /** @throws Error if there is no gap: then it was a broker that is not up to date */
  private async stopAtGap(read: PartitionRead): Promise<void> {
    const { oldest, end } = await extent(this.cluster, read.topic, read.partition)
    if (oldest <= read.offset && read.offset <= end) throw new Error('The offset is in range.')
    read.stop(`the oldest message is ${oldest} and the next one will be ${end}`)
  }

  private async rest(): Promise<void> {
    const ms = RETRY_MS * (0.5 + Math.random())
    await wait(ms, undefined, { signal: this.closing.signal }).catch(() => undefined)
  }
}

function isOf(read: PartitionRead, topic: string, partition: number): boolean {
  return read.topic === topic && read.partition === partition
}
