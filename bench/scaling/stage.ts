import { randomUUID } from 'node:crypto'

import { type Admin, Kafka, logLevel } from 'kafkajs'

import type { KafkaCluster } from '../../test/support/kafka-cluster.js'
import { accepted } from '../client/api.js'
import { request } from '../client/http-connection.js'
import { poll } from '../harness/deadline.js'
import { Server } from '../harness/server.js'
import { defaultMillraceEntry, programs } from '../servers/programs.js'

const usableLimitMs = 60_000

/** One measured value, under what it depends on. */
export interface Measured {
  readonly part: string
  readonly of: string
  readonly name: string
  readonly unit: string
  readonly value: number
}

/** What a part measures with. */
export interface Stage {
  readonly cluster: KafkaCluster
  readonly kafka: Kafka
  readonly admin: Admin
  readonly rounds: number
  readonly idleSeconds: number
  readonly progress: (text: string) => void
}

export const newPrefix = (): string => `scaling-${randomUUID()}`

export function kafkaOf(cluster: KafkaCluster): Kafka {
  return new Kafka({ brokers: [...cluster.brokers], logLevel: logLevel.NOTHING })
}

export interface ReplicaSettings {
  readonly prefix: string
  readonly partitions: number
  readonly role?: 'all' | 'api'
}

/** A replica that is ready, on any core. */
export function startReplica(
  { cluster }: Stage,
  { prefix, partitions, role = 'all' }: ReplicaSettings,
  dataDir?: string,
): Promise<Server> {
  const { millrace } = programs(defaultMillraceEntry)
  const env = {
    ...millrace.env,
    ENGINE: 'kafka',
    ROLE: role,
    KAFKA_BROKERS: cluster.brokers.join(),
    KAFKA_PREFIX: prefix,
    KAFKA_PARTITIONS: String(partitions),
  }
  return Server.start({ ...millrace, env }, undefined, dataDir)
}

/** Waits until every partition has an owner: a call that is decided by one is answered, whichever partition its stream is in. */
export async function usable(server: Server, partitions: number): Promise<void> {
  const ids = Array.from({ length: 4 * partitions }, (_, index) => `probe-${randomUUID()}-${index}`)
  for (const id of ids) {
    const answered = await poll(
      usableLimitMs,
      50,
      async () => (await request(server.port, 'POST', `/stream/${id}/start`)).status === 200,
    )
    if (!answered) throw new Error('a partition has no owner')
  }
  for (const id of ids) accepted(await request(server.port, 'DELETE', `/stream/${id}`))
}

export async function removeTopics({ admin }: Stage, prefix: string): Promise<void> {
  await admin.deleteTopics({ topics: [`${prefix}.input`, `${prefix}.commits`] })
}

/** Messages in the commit log, over all partitions. */
export async function commitCount({ admin }: Stage, prefix: string): Promise<number> {
  const offsets = await admin.fetchTopicOffsets(`${prefix}.commits`)
  return offsets.reduce((total, { high }) => total + Number(high), 0)
}
