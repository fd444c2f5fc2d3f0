// The floor of the Kafka path: HTTP in, input topic (acks=all, one append in flight a partition), consume, upper-case, commit topic,
// tail, shared SSE frames, all with kafkajs as it comes. It keeps no promise but durability: no commit rule, no view, no resume, no
// freshness, no owner, no slow readers, no errors. What Millrace costs above this is what its promises cost.
import { type EachBatchHandler, Kafka, logLevel, Partitioners } from 'kafkajs'

import { Appender } from './appender.js'
import { Results } from './results.js'
import { serve } from './serve.js'
import { upper } from './upper.js'

type Sent = [stream: string, records: unknown[]]

const { KAFKA_BROKERS = '', KAFKA_PREFIX = 'floor', KAFKA_PARTITIONS = '12' } = process.env
const topics = { input: `${KAFKA_PREFIX}.input`, commits: `${KAFKA_PREFIX}.commits` }
const partitions = Array.from({ length: Number(KAFKA_PARTITIONS) }, (_, partition) => partition)
const kafka = new Kafka({ clientId: 'floor', brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.NOTHING })
const results = new Results()
const lags = new Map<string, number>()

const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner })
const input = partitions.map((partition) => new Appender(producer, topics.input, partition))
const commits = partitions.map((partition) => new Appender(producer, topics.commits, partition))
const hash = Partitioners.DefaultPartitioner()
const partitionMetadata = partitions.map((partitionId) => ({
  partitionId,
  partitionErrorCode: 0,
  leader: 0,
  replicas: [],
  isr: [],
}))

// Kafka's own hash, as in Millrace: the streams of a row are spread over the partitions in the same way.
const partitionOf = (stream: string): number =>
  hash({ topic: topics.input, partitionMetadata, message: { key: stream, value: null } })

async function send(stream: string, records: readonly unknown[]): Promise<void> {
  lags.set(stream, (lags.get(stream) ?? 0) + 1)
  await input[partitionOf(stream)]?.append(JSON.stringify([stream, records]))
}

const work: EachBatchHandler = async ({ batch: { messages, partition } }) => {
  const byStream = new Map<string, { records: unknown[]; sends: number }>()
  for (const { value } of messages) {
    const [stream, records] = JSON.parse(String(value)) as Sent
    const own = byStream.get(stream) ?? { records: [], sends: 0 }
    byStream.set(stream, { records: own.records.concat(records.map(upper)), sends: own.sends + 1 })
  }
  const commit = [...byStream].map(([stream, { records, sends }]) => [stream, records, sends])
  await commits[partition]?.append(JSON.stringify(commit))
}

const tail: EachBatchHandler = async ({ batch: { messages } }) => {
  for (const { value } of messages) {
    for (const [stream, records, sends] of JSON.parse(String(value)) as [string, unknown[], number][]) {
      results.deliver(stream, results.frame(stream, records))
      lags.set(stream, (lags.get(stream) ?? 0) - sends)
    }
  }
}

async function consume(topic: string, eachBatch: EachBatchHandler): Promise<void> {
  // A broker answers as soon as there is a message; the wait is for when there is none, and the other server has its turn.
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 500, minBytes: 1 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ autoCommit: false, partitionsConsumedConcurrently: partitions.length, eachBatch })
}

const admin = kafka.admin()
await admin.connect()
await admin.createTopics({
  topics: Object.values(topics).map((topic) => ({ topic, numPartitions: partitions.length, replicationFactor: 3 })),
  waitForLeaders: true,
})
await admin.disconnect()
await producer.connect()
await consume(topics.commits, tail)
await consume(topics.input, work)
await serve({ results, send, lag: (stream) => lags.get(stream) ?? 0 })
