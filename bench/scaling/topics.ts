import type { Admin } from 'kafkajs'

import { poll } from '../harness/deadline.js'
import { HttpConnection } from '../client/http-connection.js'
import { accepted } from '../client/api.js'
import { median } from '../harness/statistics.js'
import { type Measured, newPrefix, type Stage, startReplica, usable } from './stage.js'
import { brokerPids, idleCores, mebibytes, onDisk, openFiles, sum } from './usage.js'

const topicCount = 1_000
const topicsInRequest = 100
const ledLimitMs = 300_000
const replicaPartitions = 12
const sends = 200
const groupLimitMs = 120_000

/** What the cluster and its clients cost with 1,000 topics beside, of one partition and three replicas each, without a message. */
export async function topics(stage: Stage): Promise<Measured[]> {
  const prefix = newPrefix()
  const own = await startReplica(stage, { prefix, partitions: replicaPartitions })
  await usable(own, replicaPartitions)
  await own.stop('SIGTERM')
  const of = (state: string) => (name: string, unit: string, value: number) => {
    return { part: 'topics', of: state, name, unit, value }
  }
  const without = await cost(stage, prefix, own.dataDir, of('without'))
  const readWithout = await readAll(stage, [`${prefix}.commits`], of('without'))
  stage.progress(`making ${topicCount} topics`)
  const names = Array.from({ length: topicCount }, (_, index) => `${prefix}.stream-${index}`)
  const startedAt = performance.now()
  await make(stage.admin, names)
  const made = of('with')('topics made, each with a leader', 's', (performance.now() - startedAt) / 1000)
  const withThem = await cost(stage, prefix, own.dataDir, of('with'))
  return [...without, ...readWithout, made, ...withThem, ...(await readAll(stage, names, of('with')))]
}

type Named = (name: string, unit: string, value: number) => Measured

async function make(admin: Admin, names: readonly string[]): Promise<void> {
  for (let first = 0; first < names.length; first += topicsInRequest) {
    const batch = names.slice(first, first + topicsInRequest)
    await admin.createTopics({
      waitForLeaders: false,
      timeout: 60_000,
      topics: batch.map((topic) => ({ topic, numPartitions: 1, replicationFactor: 3 })),
    })
  }
  const led = async (): Promise<boolean> => {
    const found = await admin.fetchTopicMetadata()
    const ready = new Set(
      found.topics
        .filter(({ partitions }) => partitions.every(({ leader, isr }) => leader >= 0 && isr.length === 3))
        .map(({ name }) => name),
    )
    return names.every((name) => ready.has(name))
  }
  if (!(await poll(ledLimitMs, 250, led))) throw new Error('some topics have no leader')
}

async function cost(stage: Stage, prefix: string, dataDir: string, named: Named): Promise<Measured[]> {
  const { cluster, rounds, idleSeconds } = stage
  stage.progress('the brokers at rest')
  const brokers = brokerPids(cluster)
  const measured = [
    ...(await idleCores(brokers, idleSeconds)).map((cores) => named('idle CPU of a broker', 'cores', cores)),
    ...brokers.map((pid) => named('memory of a broker', 'MiB', mebibytes(pid))),
    ...brokers.map((pid) => named('open files of a broker', '', openFiles(pid))),
    named('data folder of a broker', 'MiB', onDisk(cluster.dataFolder(1))),
  ]
  for (let round = 1; round <= rounds; round++) {
    stage.progress(`round ${round}: metadata, start, sends`)
    measured.push(...(await metadata(stage, named)))
    const server = await startReplica(stage, { prefix, partitions: replicaPartitions }, dataDir)
    measured.push(named('start of a replica', 's', server.readyInMs / 1000))
    await usable(server, replicaPartitions)
    measured.push(named('ack of a single send, p50', 'ms', await ackMs(server.port)))
    await server.stop('SIGTERM')
  }
  stage.progress('a broker stops and starts')
  for (let round = 1; round <= rounds; round++) {
    const askedAt = performance.now()
    await cluster.kill(1, 'SIGTERM')
    const gone = performance.now()
    await cluster.restart(1)
    measured.push(
      named('controlled stop of a broker', 's', (gone - askedAt) / 1000),
      named('start of a broker', 's', (performance.now() - gone) / 1000),
    )
  }
  return measured
}

/** Of all topics, as a client without a list of its own asks for it. */
async function metadata({ kafka }: Stage, named: Named): Promise<Measured[]> {
  const admin = kafka.admin()
  await admin.connect()
  let bytes = 0
  admin.on(admin.events.REQUEST, ({ payload }) => {
    if (payload.apiName === 'Metadata') bytes = payload.size
  })
  const startedAt = performance.now()
  await admin.fetchTopicMetadata()
  const ms = performance.now() - startedAt
  await admin.disconnect()
  return [named('metadata of all topics', 'kB', bytes / 1000), named('metadata of all topics, time', 'ms', ms)]
}

async function ackMs(port: number): Promise<number> {
  const connection = await HttpConnection.open(port)
  const id = newPrefix()
  accepted(await connection.request('POST', `/stream/${id}/start`))
  const times: number[] = []
  for (let count = 0; count < sends; count++) {
    const sentAt = performance.now()
    accepted(await connection.request('POST', `/stream/${id}/send`, '{"data":"x"}'))
    times.push(performance.now() - sentAt)
  }
  connection.close()
  return median(times)
}

/** One consumer in this process that reads all of `names`, of which nothing comes. */
async function readAll(
  { kafka, cluster, idleSeconds, progress }: Stage,
  names: string[],
  named: Named,
): Promise<Measured[]> {
  progress(`a consumer of ${names.length} topics`)
  const consumer = kafka.consumer({ groupId: newPrefix(), maxWaitTimeInMs: 100 })
  const startedAt = performance.now()
  let joined = false
  consumer.on(consumer.events.GROUP_JOIN, () => void (joined = true))
  await consumer.connect()
  await consumer.subscribe({ topics: names })
  await consumer.run({ autoCommit: false, eachBatch: () => Promise.resolve() })
  if (!(await poll(groupLimitMs, 10, () => joined))) throw new Error('the consumer did not join')
  const joinedIn = performance.now() - startedAt
  let [requests, bytes] = [0, 0]
  consumer.on(consumer.events.REQUEST, ({ payload }) => {
    if (payload.apiName !== 'Fetch') return
    requests++
    bytes += payload.size
  })
  const [own = 0, ...brokers] = await idleCores(['self', ...brokerPids(cluster)], idleSeconds)
  await consumer.disconnect()
  return [
    named('a consumer of all joins', 's', joinedIn / 1000),
    named('idle CPU of the consumer', 'cores', own),
    named('idle CPU of the brokers under it', 'cores', sum(brokers)),
    named('idle fetch responses', 'kB/s', bytes / idleSeconds / 1000),
    named('idle fetches', '/s', requests / idleSeconds),
  ]
}
