import { Kafka, logLevel } from 'kafkajs'
import type { Admin } from 'kafkajs'

import type { KafkaCluster, KafkaNode } from '../support/kafka-cluster.js'
import { until } from '../support/until.js'

const noLeader = -1
const moveLimitMs = 60_000
const inSyncLimitMs = 60_000

/** Asks the cluster something. Its brokers may be going or coming: it is asked again for a while. */
async function ask<T>(cluster: KafkaCluster, question: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [...cluster.brokers], logLevel: logLevel.NOTHING }).admin()
  try {
    await admin.connect()
    return await question(admin)
  } finally {
    await admin.disconnect()
  }
}

/** Behind the last message of each partition. */
export async function endsOf(cluster: KafkaCluster, topic: string): Promise<readonly number[]> {
  const offsets = await ask(cluster, (admin) => admin.fetchTopicOffsets(topic))
  return offsets.sort((a, b) => a.partition - b.partition).map(({ high }) => Number(high))
}

/** Removes what stands before `ends`, as retention does when it is time. */
export async function trim(cluster: KafkaCluster, topic: string, ends: readonly number[]): Promise<void> {
  const partitions = ends.map((end, partition) => ({ partition, offset: String(end) }))
  await ask(cluster, async (admin) => {
    // kafkajs knows a topic's leaders only when it was asked about it.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions })
  })
}

/**
 * Lets another broker lead each partition: the one that leads is left out of its replicas, and comes back as the last of them.
 * Resolves with the number of moves.
 */
export async function moveLeaders(cluster: KafkaCluster, topic: string): Promise<number> {
  const before = await layoutOf(cluster, topic)
  const others = before.map(({ leader, replicas }) => replicas.filter((node) => node !== leader))
  await reassign(cluster, topic, others)
  await until(
    `${topic} has other leaders`,
    async () => {
      const now = await layoutOf(cluster, topic)
      return now.every(
        ({ leader, replicas }, partition) => leader !== before[partition]?.leader && replicas.length === 2,
      )
    },
    moveLimitMs,
  )
  await reassign(
    cluster,
    topic,
    others.map((nodes, partition) => [...nodes, before[partition]?.leader ?? noLeader]),
  )
  await inSync(cluster)
  return before.length
}

async function layoutOf(
  cluster: KafkaCluster,
  topic: string,
): Promise<readonly { readonly leader: number; readonly replicas: readonly number[] }[]> {
  const { topics } = await ask(cluster, (admin) => admin.fetchTopicMetadata({ topics: [topic] }))
  return [...(topics[0]?.partitions ?? [])].sort((a, b) => a.partitionId - b.partitionId)
}

async function reassign(cluster: KafkaCluster, topic: string, replicas: readonly (readonly number[])[]): Promise<void> {
  const partitionAssignment = replicas.map((nodes, partition) => ({ partition, replicas: [...nodes] }))
  await ask(cluster, (admin) => admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment }] }))
}

export async function leaderOf(cluster: KafkaCluster, topic: string, partition: number): Promise<KafkaNode> {
  const leaders = await ask(cluster, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions
  })
  return leaders?.find(({ partitionId }) => partitionId === partition)?.leader as KafkaNode
}

/** Waits until another broker leads the partition. */
export async function leaderMoves(
  cluster: KafkaCluster,
  topic: string,
  partition: number,
  from: KafkaNode,
): Promise<void> {
  const moved = async (): Promise<boolean> => {
    // One that was asked may be the one that is gone.
    const leader: number = await leaderOf(cluster, topic, partition).catch(() => from)
    return leader !== from && leader !== noLeader
  }
  await until(`partition ${partition} has another leader`, moved, moveLimitMs)
}

/** Waits until every partition of every topic has three replicas in step: until then, one more broker that goes takes partitions along. */
export async function inSync(cluster: KafkaCluster): Promise<void> {
  const isSo = async (): Promise<boolean> =>
    await ask(cluster, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata()
      return topics.every(({ partitions }) =>
        partitions.every(({ isr, replicas }) => isr.length === 3 && replicas.length === 3),
      )
    })
  await until('all replicas of all partitions are in step', isSo, inSyncLimitMs)
}
