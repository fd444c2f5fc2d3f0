import type { Extent } from './broker.js'
import type { Cluster, Layout } from './cluster.js'
import { answerFor, LIST_OFFSETS, READ_UNCOMMITTED } from './protocol.js'

/** In place of a time. */
const EARLIEST = -2
const LATEST = -1

/**
 * The extents of partitions, in their order.
 * @throws Error if one cannot be had in one attempt
 */
export async function extents(
  cluster: Cluster,
  topic: string,
  partitions: readonly number[],
): Promise<readonly Extent[]> {
  const layout = await cluster.layout()
  try {
    // In this order, which each broker keeps: what is trimmed and appended in between cannot put the end before the oldest.
    const [oldest, end] = await Promise.all([
      offsets(cluster, layout, topic, partitions, EARLIEST),
      offsets(cluster, layout, topic, partitions, LATEST),
    ])
    return partitions.map((partition) => ({ oldest: oldest(partition), end: end(partition) }))
  } catch (error) {
    cluster.outdated(layout)
    throw error
  }
}

async function offsets(
  cluster: Cluster,
  layout: Layout,
  topic: string,
  partitions: readonly number[],
  timestamp: number,
): Promise<(partition: number) => number> {
  const leaders = new Set(partitions.map((partition) => layout.leader(topic, partition)))
  const replies = await Promise.all(
    [...leaders].map((node) => {
      const led = partitions.filter((partition) => layout.leader(topic, partition) === node)
      const topics = [{ topic, partitions: led.map((partition) => ({ partition, timestamp })) }]
      const body = { isolationLevel: READ_UNCOMMITTED, topics }
      return cluster.ask(layout, node, { api: LIST_OFFSETS, lane: 'control', body })
    }),
  )
  const answers = replies.flatMap(({ responses }) => responses.flatMap((response) => response.partitions))
  return (partition) => Number(answerFor(answers, partition).offset)
}
