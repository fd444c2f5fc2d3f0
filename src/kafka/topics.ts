import { setTimeout as wait } from 'node:timers/promises'
import kafkajs, { type Admin } from 'kafkajs'
import type { Log } from './broker.js'
import { codeOf, ERROR_CODE } from './protocol.js'
import { TopicError } from './topic-error.js'
import { settingsOf, type TopicNeeds, type TopicSetting } from './topic-settings.js'

const LOGS = ['input', 'commits'] as const
const WAYS = ['work', 'done'] as const
const REPLICAS = 3

/** Some brokers hear of a new topic later than others. */
const KNOWN_WITHIN_MS = 10_000
const RETRY_MS = 100

const LOW_REPLICATION = 'or set KAFKA_LOW_REPLICATION=allow, if what was acked may be lost'

export function topicOf(prefix: string, log: Log): string {
  return `${prefix}.${log}`
}

/** What there has to be a topic of. */
export const logsOf = ({ isExternal }: TopicNeeds): readonly Log[] => (isExternal ? [...LOGS, ...WAYS] : LOGS)

/**
 * Creates the topics where they are missing, and looks whether they will do. Resolves with whether one is new.
 * @throws TopicError naming every problem; what exists is never changed
 */
export async function prepareTopics(admin: Admin, needs: TopicNeeds): Promise<boolean> {
  const created = await createMissing(admin, needs)
  const problems = await Promise.all(logsOf(needs).map((log) => onceKnown(() => problemsOf(admin, log, needs))))
  if (problems.flat().length > 0) throw new TopicError(problems.flat())
  return created
}

async function createMissing(admin: Admin, needs: TopicNeeds): Promise<boolean> {
  const missing = await missingTopics(admin, needs)
  if (missing.length === 0) return false
  const brokers = (await admin.describeCluster()).brokers.length
  const replicas = Math.min(REPLICAS, brokers)
  if (replicas < REPLICAS && !needs.allowLowReplication)
    throw new TopicError(
      missing.map(
        (log) =>
          `${topicOf(needs.prefix, log)} is missing, and for ${REPLICAS} replicas there are ${brokers} brokers: add brokers, ${LOW_REPLICATION}`,
      ),
    )
  // Of two processes that start together, one finds that they exist. Waiting for leaders fails at a broker that has not heard of them.
  const topics = missing.map((log) => ({
    topic: topicOf(needs.prefix, log),
    numPartitions: needs.partitions,
    replicationFactor: replicas,
    configEntries: settingsOf(log, needs, replicas).map(({ name, value }) => ({ name, value })),
  }))
  try {
    await admin.createTopics({ waitForLeaders: false, topics })
  } catch (error) {
    if (!(error instanceof kafkajs.KafkaJSAggregateError)) throw error
    throw new TopicError(error.errors.map((each) => (each instanceof Error ? refused(each) : each)))
  }
  return true
}

/** By the rights of the user, or a policy of the cluster. */
function refused(error: Error & { readonly topic?: string }): string {
  return `${error.topic ?? 'a topic'} cannot be created: ${error.message}`
}

/**
 * Of the two logs both, or none.
 * @throws TopicError if one of them is missing though another topic is there: it was deleted, and one made anew would not go with that
 */
async function missingTopics(admin: Admin, needs: TopicNeeds): Promise<readonly Log[]> {
  const deadline = performance.now() + KNOWN_WITHIN_MS
  for (;;) {
    const existing = new Set(await admin.listTopics())
    const missing = logsOf(needs).filter((log) => !existing.has(topicOf(needs.prefix, log)))
    const lost = LOGS.filter((log) => missing.includes(log))
    if (lost.length === 0 || missing.length === logsOf(needs).length) return missing
    // Those that are made at this moment may be heard of one after the other.
    if (performance.now() > deadline) throw new TopicError(lost.map((log) => lostTopic(topicOf(needs.prefix, log))))
    await wait(RETRY_MS)
  }
}

function lostTopic(topic: string): string {
  return `${topic} is missing, though another topic of the prefix is there: delete that too, if its data may go, or set KAFKA_PREFIX to one that is not in use`
}

/** What does not fit, in words. */
async function problemsOf(admin: Admin, log: Log, needs: TopicNeeds): Promise<readonly string[]> {
  const topic = topicOf(needs.prefix, log)
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  const partitions = topics[0]?.partitions ?? []
  const replicas = Math.min(...partitions.map((partition) => partition.replicas.length))
  const config = await configOf(admin, topic)
  return [
    ...(partitions.length === needs.partitions ? [] : [otherPartitions(topic, partitions.length, needs.partitions)]),
    ...(replicas >= REPLICAS || needs.allowLowReplication ? [] : [fewReplicas(topic, replicas)]),
    ...settingsOf(log, needs, replicas)
      .filter(({ name, fits }) => !fits(config.get(name)))
      .map((setting) => misfit(topic, setting, config.get(setting.name))),
  ]
}

async function configOf(admin: Admin, topic: string): Promise<ReadonlyMap<string, string>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }],
  })
  const entries = resources[0]?.configEntries ?? []
  return new Map(entries.map(({ configName, configValue }) => [configName, configValue]))
}

async function onceKnown<T>(look: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + KNOWN_WITHIN_MS
  for (;;) {
    try {
      return await look()
    } catch (error) {
      const unknown = codeOf(error) === ERROR_CODE.UNKNOWN_TOPIC_OR_PARTITION
      if (!unknown || performance.now() > deadline) throw error
      await wait(RETRY_MS)
    }
  }
}

function otherPartitions(topic: string, found: number, needed: number): string {
  return `${topic} has ${found} partitions, needed are ${needed}: set KAFKA_PARTITIONS=${found}, or KAFKA_PREFIX to one that is not in use`
}

function fewReplicas(topic: string, found: number): string {
  return `${topic} has ${found} replicas, needed are ${REPLICAS}: kafka-reassign-partitions.sh adds some; ${LOW_REPLICATION}`
}

function misfit(topic: string, { name, value, needed }: TopicSetting, found = 'not set'): string {
  const mend = `kafka-configs.sh --bootstrap-server … --alter --entity-type topics --entity-name ${topic} --add-config ${name}=${value}`
  return `${topic} has ${name} ${found}, needed is ${needed}: ${mend}`
}
