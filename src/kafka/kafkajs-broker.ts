import { setTimeout as wait } from 'node:timers/promises'
import kafkajs, { type Kafka, type KafkaConfig } from 'kafkajs'
import { append } from './append.js'
import type { Broker, Extent, Log, Membership, NewMessage, StoredMessage } from './broker.js'
import { ClusterError } from './cluster-error.js'
import { Cluster } from './cluster.js'
import { extent } from './extent.js'
import { Fetcher } from './fetcher.js'
import { GROUP_RETRY, GroupMember } from './group-member.js'
import './kafkajs-repair.js'
import { CONNECT_TIMEOUT_MS, REQUEST_TIMEOUT_MS } from './node-link.js'
import { DELETE_RECORDS } from './protocol.js'
import type { TopicNeeds } from './topic-settings.js'
import { logsOf, prepareTopics, topicOf } from './topics.js'

/** How long the leader waits for the other replicas to have trimmed too. */
const TRIM_TIMEOUT_MS = 5_000

/** A broker may hear later than others of a new topic that it leads. */
const LED_WITHIN_MS = 10_000
const RETRY_MS = 100

export interface KafkajsBrokerOptions extends TopicNeeds {
  /** To begin with, `host:port`; at least one. */
  readonly brokers: readonly string[]
  readonly ssl: KafkaConfig['ssl']
  readonly sasl: KafkaConfig['sasl']
  readonly clientId: string
  /** Gets a line when a broker, or the membership in the group, is lost and when it is back. */
  readonly log: (message: string) => void
}

/**
 * A Kafka cluster through kafkajs: its public API for topics and the group; its requests alone for the data, since its producer appends
 * again what may be in the log, and its consumer needs a group and passes over gaps.
 */
export class KafkajsBroker implements Broker {
  readonly partitions: number
  private readonly cluster: Cluster
  private readonly fetcher: Fetcher
  private readonly appends = new Set<Promise<number>>()

  private constructor(
    private readonly kafka: Kafka,
    private readonly options: KafkajsBrokerOptions,
  ) {
    this.partitions = options.partitions
    const topics = logsOf(options).map((log) => this.topic(log))
    this.cluster = new Cluster({ ...options, topics })
    this.fetcher = new Fetcher(this.cluster)
  }

  /**
   * @throws TopicError if the topics cannot be used as they are
   * @throws ClusterError if the cluster does not answer, or not to this client
   * @throws Error if it stops answering
   */
  static async open(options: KafkajsBrokerOptions): Promise<KafkajsBroker> {
    const { brokers, ssl, sasl, clientId } = options
    const kafka = new kafkajs.Kafka({
      brokers: [...brokers],
      ...(ssl === undefined ? {} : { ssl }),
      ...(sasl === undefined ? {} : { sasl }),
      clientId,
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      retry: GROUP_RETRY,
      logLevel: kafkajs.logLevel.NOTHING,
    })
    const admin = kafka.admin()
    try {
      await admin.connect().catch((cause: unknown) => {
        throw new ClusterError(brokers, cause)
      })
      const created = await prepareTopics(admin, options)
      const broker = new KafkajsBroker(kafka, options)
      if (created) await broker.led()
      return broker
    } finally {
      await admin.disconnect()
    }
  }

  async append(log: Log, partition: number, messages: readonly NewMessage[]): Promise<number> {
    const appended = append(this.cluster, this.topic(log), partition, messages)
    this.appends.add(appended)
    try {
      return await appended
    } finally {
      this.appends.delete(appended)
    }
  }

  read(log: Log, partition: number, from: number, signal: AbortSignal): AsyncIterable<readonly StoredMessage[]> {
    return this.fetcher.read(log, this.topic(log), partition, from, signal)
  }

  extent(log: Log, partition: number): Promise<Extent> {
    return extent(this.cluster, this.topic(log), partition)
  }

  /** @throws Error if it was not done in one attempt, or in time; it may be done all the same */
  async trim(log: Log, partition: number, before: number): Promise<void> {
    const topic = this.topic(log)
    const body = { timeout: TRIM_TIMEOUT_MS, topics: [{ topic, partitions: [{ partition, offset: before }] }] }
    const request = { api: DELETE_RECORDS, lane: 'trim', body } as const
    await this.cluster.askLeader(topic, partition, request, ({ topics }) => topics[0]?.partitions)
  }

  join(assign: (partitions: readonly number[]) => void): Promise<Membership> {
    const { prefix, log } = this.options
    const groupId = `${prefix}.workers`
    return Promise.resolve(new GroupMember(this.kafka, { groupId, topic: this.topic('input'), assign, log }))
  }

  async close(): Promise<void> {
    this.fetcher.close()
    await Promise.allSettled(this.appends)
    await this.cluster.close()
  }

  /** Resolves when the leaders know that they lead, or soon: until then it would not be known what became of an append. */
  private async led(): Promise<void> {
    const deadline = performance.now() + LED_WITHIN_MS
    while (performance.now() < deadline) {
      try {
        await Promise.all(
          Array.from({ length: this.partitions }, (_, partition) =>
            Promise.all(logsOf(this.options).map((log) => this.extent(log, partition))),
          ),
        )
        return
      } catch {
        await wait(RETRY_MS)
      }
    }
  }

  private topic(log: Log): string {
    return topicOf(this.options.prefix, log)
  }
}
