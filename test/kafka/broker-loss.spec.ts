import { Kafka, logLevel } from 'kafkajs'

import { AppendFailed, type StoredMessage } from '../../src/kafka/broker.js'
import { KafkajsBroker } from '../../src/kafka/kafkajs-broker.js'
import { afterTests } from '../support/clean-up.js'
import { describeOnKafka } from '../support/describe-on-kafka.js'
import { KafkaCluster, type KafkaNode } from '../support/kafka-cluster.js'
import { brokerOptions, extentsOf, openBroker, take, topicNeeds } from '../support/kafkajs-broker.js'
import { until } from '../support/until.js'

interface Attempt {
  readonly text: string
  readonly outcome: number | 'nothing' | 'unknown'
}

/** Appends one message at a time, each with a text of its own. */
class Sender {
  readonly attempts: Attempt[] = []

  constructor(
    private readonly broker: KafkajsBroker,
    private readonly partition: number,
  ) {}

  /** Whether the append has come to be known as done. */
  async tryOnce(): Promise<boolean> {
    const text = `message ${this.attempts.length}`
    try {
      const outcome = await this.broker.append('input', this.partition, [{ key: 'k', text }])
      this.attempts.push({ text, outcome })
      return true
    } catch (error) {
      if (!(error instanceof AppendFailed)) throw error
      this.attempts.push({ text, outcome: error.outcome === 'unknown' ? 'unknown' : 'nothing' })
      return false
    }
  }

  async send(count: number): Promise<void> {
    for (let sent = 0; sent < count; sent++) await until('an append succeeds', () => this.tryOnce(), 60_000)
  }
}

describeOnKafka('the logs when a broker is killed', () => {
  const needs = topicNeeds({ partitions: 3 })
  const topic = `${needs.prefix}.input`
  const lines: string[] = []
  const reading = new AbortController()
  let cluster: KafkaCluster
  let broker: KafkajsBroker

  beforeAll(async () => {
    cluster = await KafkaCluster.start()
    afterTests(() => cluster.stop())
    broker = await openBroker({ ...needs, brokers: cluster.brokers, log: (line) => lines.push(line) })
    afterTests(() => reading.abort())
  }, 150_000)

  async function leaderOf(partition: number): Promise<KafkaNode> {
    const admin = new Kafka({ brokers: [...cluster.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    await admin.disconnect()
    return topics[0]?.partitions.find(({ partitionId }) => partitionId === partition)?.leader as KafkaNode
  }

  const read = (partition: number): AsyncIterator<readonly StoredMessage[]> =>
    broker.read('input', partition, 0, reading.signal)[Symbol.asyncIterator]()

  it('hold what was acked where the ack said, nothing of what was refused, and are read on without a gap', async () => {
    const leader = await leaderOf(0)
    const senders = [0, 1, 2].map((partition) => new Sender(broker, partition))
    const readers = [0, 1, 2].map(read)
    const sending = Promise.all(senders.map((sender) => sender.send(100)))
    await until('appends are under way', () => senders.every(({ attempts }) => attempts.length > 20))
    await cluster.kill(leader)
    await sending
    const extents = await extentsOf(broker, 'input')
    for (const [partition, { attempts }] of senders.entries()) {
      const stored = await take(read(partition), extents[partition]?.end ?? 0)
      expect(stored.map(({ offset }) => offset)).toEqual(stored.map((_, index) => index))
      const acked = attempts.filter(({ outcome }) => typeof outcome === 'number')
      expect(acked.map(({ outcome }) => ({ text: stored[Number(outcome)]?.text, outcome }))).toEqual(acked)
      const refused = new Set(attempts.filter(({ outcome }) => outcome === 'nothing').map(({ text }) => text))
      expect(stored.filter(({ text }) => refused.has(text))).toEqual([])
      // The reader that was there before has seen the same.
      const reader = readers[partition]
      expect(reader === undefined ? [] : await take(reader, stored.length)).toEqual(stored)
    }
    const failed = senders[0]?.attempts.filter(({ outcome }) => typeof outcome !== 'number') ?? []
    expect(failed.length).toBeGreaterThan(0)
    expect(lines).toEqual([expect.stringContaining(`${cluster.brokers[leader - 1]} does not answer`)])
  }, 90_000)

  it('are not created on the two brokers that are left, unless that is allowed', async () => {
    const options = brokerOptions({ brokers: cluster.brokers, partitions: 1 })
    await expect(KafkajsBroker.open(options)).rejects.toThrow(
      `${options.prefix}.input is missing, and for 3 replicas there are 2 brokers: add brokers, or set KAFKA_LOW_REPLICATION=allow`,
    )
    const low = await openBroker({ ...options, allowLowReplication: true })
    await until('it takes an append', () =>
      low.append('input', 0, [{ key: 'k', text: 'two replicas' }]).then(
        () => true,
        () => false,
      ),
    )
  }, 30_000)
})
