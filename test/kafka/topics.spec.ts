import { ConfigResourceTypes, Kafka, logLevel, type ITopicConfig } from 'kafkajs'

import type { Log } from '../../src/kafka/broker.js'
import { TopicError } from '../../src/kafka/topic-error.js'
import { settingsOf, type TopicNeeds } from '../../src/kafka/topic-settings.js'
import { logsOf, prepareTopics } from '../../src/kafka/topics.js'
import { afterTests } from '../support/clean-up.js'
import { describeOnKafka } from '../support/describe-on-kafka.js'
import { kafkaBrokers } from '../support/kafka-brokers.js'
import { topicNeeds } from '../support/kafkajs-broker.js'
import { until } from '../support/until.js'

const brokers = kafkaBrokers()

type Shape = Partial<ITopicConfig> & { readonly config?: Readonly<Record<string, string>> }
describeOnKafka('the topics at start', () => {
  const admin = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING }).admin()

  beforeAll(async () => {
    await admin.connect()
    afterTests(() => admin.disconnect())
  })

  /** The topics as they are made at start, but for what is given. */
  async function create(needs: TopicNeeds, given: Partial<Record<Log, Shape>>): Promise<void> {
    const topics = logsOf(needs).map((log) => {
      const { config = {}, ...shape } = given[log] ?? {}
      const settings = settingsOf(log, needs, 3).map(({ name, value }) => ({ name, value: config[name] ?? value }))
      const topic = { topic: `${needs.prefix}.${log}`, numPartitions: needs.partitions, replicationFactor: 3 }
      return { ...topic, ...shape, configEntries: settings }
    })
    await admin.createTopics({ waitForLeaders: false, topics })
  }

  async function problemsOf(needs: TopicNeeds): Promise<readonly string[]> {
    try {
      await prepareTopics(admin, needs)
    } catch (error) {
      if (error instanceof TopicError) return error.problems
      throw error
    }
    return []
  }

  /** Deletes topics. A broker may list one for seconds then. @returns what is said of it when nobody does any more */
  async function problemsWithout(needs: TopicNeeds, logs: readonly Log[]): Promise<readonly string[]> {
    await admin.deleteTopics({ topics: logs.map((log) => `${needs.prefix}.${log}`) })
    const found = async (): Promise<readonly string[] | undefined> => {
      const problems = await problemsOf(needs).catch(() => [])
      return problems.length === logs.length ? problems : undefined
    }
    return await until('the brokers miss what was deleted', found, 40_000)
  }

  it('are created where they are missing, as both logs need them, and taken as they are the next time', async () => {
    const needs = topicNeeds()
    expect(await problemsOf(needs)).toEqual([])
    const names = [`${needs.prefix}.input`, `${needs.prefix}.commits`]
    const { topics } = await admin.fetchTopicMetadata({ topics: names })
    for (const { partitions } of topics) expect(partitions.map(({ replicas }) => replicas.length)).toEqual([3, 3, 3])
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
    })
    const [input, commits] = resources.map(({ configEntries }) =>
      Object.fromEntries(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    )
    const both = {
      'cleanup.policy': 'delete',
      'message.timestamp.type': 'LogAppendTime',
      'retention.bytes': '-1',
      'retention.ms': '-1',
      'max.message.bytes': String(needs.maxMessageBytes),
      'min.insync.replicas': '2',
    }
    expect(input).toMatchObject(both)
    expect(commits).toMatchObject(both)
    expect(await problemsOf(needs)).toEqual([])
  })

  it('may be prepared by two replicas at once', async () => {
    const needs = topicNeeds()
    expect(await Promise.all([problemsOf(needs), problemsOf(needs)])).toEqual([[], []])
  })

  it.each<[Log, string, string, string]>([
    ['input', 'cleanup.policy', 'compact', 'delete'],
    ['commits', 'cleanup.policy', 'delete,compact', 'delete'],
    ['input', 'message.timestamp.type', 'CreateTime', 'LogAppendTime'],
    ['commits', 'message.timestamp.type', 'CreateTime', 'LogAppendTime'],
    ['input', 'retention.ms', '604800000', '-1'],
    ['commits', 'retention.ms', '604800000', '-1'],
    ['commits', 'retention.bytes', '1000000000', '-1'],
    ['commits', 'max.message.bytes', '1048588', 'at least 4194304'],
    ['input', 'min.insync.replicas', '1', 'at least 2'],
  ])('of the %s are refused with %s %s', async (log, name, found, needed) => {
    const needs = topicNeeds({ partitions: 1 })
    const topic = `${needs.prefix}.${log}`
    await create(needs, { [log]: { config: { [name]: found } } })
    const [problem, ...others] = await problemsOf(needs)
    expect(others).toEqual([])
    expect(problem).toContain(`${topic} has ${name} ${found}, needed is ${needed}: kafka-configs.sh`)
    expect(problem).toMatch(
      new RegExp(`--entity-name ${topic} --add-config ${name}=${needed.replace('at least ', '')}$`),
    )
  })

  it('are refused when one of them is gone', async () => {
    const needs = topicNeeds({ partitions: 1 })
    await create(needs, {})
    expect(await problemsWithout(needs, ['input'])).toEqual([
      `${needs.prefix}.input is missing, though another topic of the prefix is there: delete that too, if its data may go, or set KAFKA_PREFIX to one that is not in use`,
    ])
  }, 60_000)

  it('of a job outside are made beside logs that are there already, and checked as these are', async () => {
    const logs = topicNeeds({ partitions: 1 })
    const needs = { ...logs, isExternal: true }
    expect(await problemsOf(logs)).toEqual([])
    expect(await problemsOf(needs)).toEqual([])
    const { topics } = await admin.fetchTopicMetadata({ topics: [`${needs.prefix}.work`, `${needs.prefix}.done`] })
    expect(topics.map(({ partitions }) => partitions.length)).toEqual([1, 1])
    expect(await problemsOf({ ...needs, partitions: 2 })).toHaveLength(4)
  }, 60_000)

  it('of a job outside are refused without the logs: what stands in them is of others', async () => {
    const needs = topicNeeds({ partitions: 1, isExternal: true })
    expect(await problemsOf(needs)).toEqual([])
    expect(await problemsWithout(needs, ['input', 'commits'])).toEqual(
      ['input', 'commits'].map(
        (log) => expect.stringContaining(`${needs.prefix}.${log} is missing, though`) as unknown,
      ),
    )
  }, 60_000)

  it('of a job outside are refused where they forget too soon, and may keep more than they must', async () => {
    const needs = topicNeeds({ partitions: 1, isExternal: true })
    await create(needs, { work: { config: { 'retention.ms': '3600000' } }, done: { config: { 'retention.ms': '-1' } } })
    const [problem, ...others] = await problemsOf(needs)
    expect(others).toEqual([])
    expect(problem).toContain(`${needs.prefix}.work has retention.ms 3600000, needed is at least 86400000: `)
  })

  it('are refused with another number of partitions', async () => {
    const needs = topicNeeds({ partitions: 2 })
    await create(needs, { commits: { numPartitions: 3 } })
    expect(await problemsOf(needs)).toEqual([
      `${needs.prefix}.commits has 3 partitions, needed are 2: set KAFKA_PARTITIONS=3, or KAFKA_PREFIX to one that is not in use`,
    ])
  })

  it('are refused with fewer than three replicas, unless that is allowed', async () => {
    const needs = topicNeeds({ partitions: 1 })
    await create(needs, { input: { replicationFactor: 1, config: { 'min.insync.replicas': '1' } } })
    const problems = await problemsOf(needs)
    expect(problems).toHaveLength(2)
    expect(problems[0]).toContain(`${needs.prefix}.input has 1 replicas, needed are 3: kafka-reassign-partitions.sh`)
    expect(problems[0]).toContain('KAFKA_LOW_REPLICATION=allow')
    expect(await problemsOf({ ...needs, allowLowReplication: true })).toEqual([])
  })

  it('are refused with a message that names every problem of both', async () => {
    const needs = topicNeeds({ partitions: 1 })
    const input = { numPartitions: 2, config: { 'retention.ms': '1000' } }
    await create(needs, { input, commits: { config: { 'cleanup.policy': 'compact' } } })
    await expect(prepareTopics(admin, needs)).rejects.toThrow(
      /^The Kafka topics are not usable:\n {2}.*input has 2 partitions.*\n {2}.*input has retention\.ms 1000.*\n {2}.*commits has cleanup\.policy compact.*$/,
    )
  })
})
