import { randomUUID } from 'node:crypto'

import { ConfigResourceTypes, Kafka, logLevel, Partitioners } from 'kafkajs'
import type { Admin, EachMessagePayload, Producer, RecordMetadata } from 'kafkajs'

import { afterTests } from '../support/clean-up.js'
import { describeOnKafka } from '../support/describe-on-kafka.js'
import { kafkaBrokers } from '../support/kafka-brokers.js'

const brokers = kafkaBrokers()
const topic = `cluster-spec-${randomUUID()}`

describeOnKafka('a cluster of three brokers', () => {
  // The first group of a cluster is refused until the topic of offsets exists: all but the producer may retry.
  const retry = { initialRetryTime: 100, retries: 10 }
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING, retry })
  let admin: Admin
  let producer: Producer

  beforeAll(async () => {
    admin = kafka.admin()
    producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, retry: { retries: 0 } })
    for (const client of [admin, producer]) {
      await client.connect()
      afterTests(() => client.disconnect())
    }
    const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }]
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 3, configEntries }] })
  }, 60_000)

  const send = async (partition: number, values: readonly string[]): Promise<RecordMetadata[]> =>
    await producer.send({ topic, acks: -1, messages: values.map((value) => ({ partition, value })) })

  it('keeps a topic on all three, and takes writes while two of them are in step', async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    expect(topics[0]?.partitions.map(({ isr }) => isr.length)).toEqual([3, 3, 3])
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['min.insync.replicas'] }],
    })
    expect(resources[0]?.configEntries[0]?.configValue).toBe('2')
  })

  it('answers a produce with its partition, its base offset and the time it was appended', async () => {
    const [first, ...more] = await send(0, ['a', 'b'])
    expect(more).toEqual([])
    expect(first).toMatchObject({ topicName: topic, partition: 0, errorCode: 0, baseOffset: '0' })
    // -1 where the topic keeps the time of the sender.
    expect(Number(first?.logAppendTime)).toBeGreaterThan(0)
  })

  it('gives 100 batches, one after the other, offsets without a gap', async () => {
    const expected = Array.from({ length: 100 }, (_, batch) => String(batch * 3))
    const baseOffsets: (string | undefined)[] = []
    for (const offset of expected) {
      const [metadata] = await send(1, [`${offset}a`, `${offset}b`, `${offset}c`])
      baseOffsets.push(metadata?.baseOffset)
    }
    expect(baseOffsets).toEqual(expected)
  })

  it('gives records back in the order of their offsets', async () => {
    const values = Array.from({ length: 500 }, (_, index) => String(index))
    for (let from = 0; from < values.length; from += 50) await send(2, values.slice(from, from + 50))
    const read = await readPartition(2, values.length)
    expect(read).toEqual(values.map((value, offset) => ({ offset: String(offset), value })))
  })

  async function readPartition(wanted: number, count: number): Promise<{ offset: string; value: string }[]> {
    const consumer = kafka.consumer({ groupId: `${topic}-readers` })
    afterTests(() => consumer.disconnect())
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const read: { offset: string; value: string }[] = []
    await new Promise<void>((settle, fail) => {
      consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
        if (!restart) fail(error)
      })
      const eachMessage = async ({ partition, message }: EachMessagePayload): Promise<void> => {
        if (partition !== wanted) return
        read.push({ offset: message.offset, value: String(message.value) })
        if (read.length === count) settle()
      }
      consumer.run({ eachMessage }).catch(fail)
    })
    return read
  }
})
