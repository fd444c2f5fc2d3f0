import { Kafka, logLevel } from 'kafkajs'
import type { Admin } from 'kafkajs'

import type { KafkaCluster, KafkaNode } from '../support/kafka-cluster.js'
import { until } from '../support/until.js'

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

export async function leaderOf(cluster: KafkaCluster, topic: string, partition: number): Promise<KafkaNode> {
  const leaders = await ask(cluster, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions
  })
  return leaders?.find(({ partitionId }) => partitionId === partition)?.leader as KafkaNode
}

/** Waits until every partition of every topic has three replicas in step: until then, one more broker that goes takes partitions along. */
export async function inSync(cluster: KafkaCluster): Promise<void> {
  const isSo = async (): Promise<boolean> =>
    await ask(cluster, async (admin) => {
      const { topics } = await admin.fetchTopicMetadata()
      return topics.every(({ partitions }) => partitions.every(({ isr }) => isr.length === 3))
    })
  await until('all replicas of all partitions are in step', isSo, inSyncLimitMs)
}
