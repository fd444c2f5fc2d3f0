import { setTimeout as wait } from 'node:timers/promises'
import type { Broker, Extent, Log } from './broker.js'
import type { Cluster } from './cluster.js'
import { LIST_OFFSETS, READ_UNCOMMITTED } from './protocol.js'

/** In place of a time. */
const EARLIEST = -2
const LATEST = -1

/** Before it is asked again, when it could not be had. */
const RETRY_MS = 50

/**
 * The extent of a partition, as of some time after the call.
 * @throws Error if it cannot be had in one attempt
 */
export async function extent(cluster: Cluster, topic: string, partition: number): Promise<Extent> {
  const offset = async (timestamp: number): Promise<number> => {
    const body = { isolationLevel: READ_UNCOMMITTED, topics: [{ topic, partitions: [{ partition, timestamp }] }] }
    const request = { api: LIST_OFFSETS, lane: 'control', body } as const
    const answer = await cluster.askLeader(topic, partition, request, ({ responses }) => responses[0]?.partitions)
    return Number(answer.offset)
  }
  // In this order, which a broker keeps: what is trimmed and appended in between cannot put the end before the oldest.
  const [oldest, end] = await Promise.all([offset(EARLIEST), offset(LATEST)])
  return { oldest, end: Math.max(oldest, end) }
}

/** The same, as often as it takes. @throws Error if it cannot be had before `signal` is aborted */
export async function extentInTheEnd(
  broker: Broker,
  log: Log,
  partition: number,
  signal: AbortSignal,
): Promise<Extent> {
  for (;;) {
    try {
      return await broker.extent(log, partition)
    } catch (error) {
      if (signal.aborted) throw error
    }
    await wait(RETRY_MS, undefined, { ref: false })
  }
}
