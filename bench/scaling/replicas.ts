import { accepted, ids, startStreams } from '../client/api.js'
import { spread } from '../client/connection-pool.js'
import { recordText } from '../client/record.js'
import type { Server } from '../harness/server.js'
import { commitCount, type Measured, newPrefix, removeTopics, type Stage, startReplica, usable } from './stage.js'
import { brokerPids, cpuOver, idleCores, sum } from './usage.js'

const partitionCount = 12
const streams = ids('s', 48)
const connections = 48
const sends = 3_000

/** One to three replicas that share 12 partitions: what each costs idle, and what the same sends cost them all. */
export async function replicas(stage: Stage): Promise<Measured[]> {
  const measured: Measured[] = []
  for (let round = 1; round <= stage.rounds; round++) {
    for (const count of [1, 2, 3]) {
      stage.progress(`round ${round}: ${count} replicas`)
      measured.push(...(await measure(stage, count)))
    }
  }
  return measured
}

async function measure(stage: Stage, count: number): Promise<Measured[]> {
  const prefix = newPrefix()
  const servers: Server[] = []
  for (let n = 0; n < count; n++) servers.push(await startReplica(stage, { prefix, partitions: partitionCount }))
  const [first] = servers
  if (first === undefined) throw new Error('no replica')
  await usable(first, partitionCount)
  const [pids, brokers] = [servers.map(({ pid }) => pid), brokerPids(stage.cluster)]
  const idle = await idleCores([...pids, ...brokers], stage.idleSeconds)
  await startStreams(first.port, streams)
  const before = await commitCount(stage, prefix)
  const startedAt = performance.now()
  const busy = await cpuOver([...pids, ...brokers], Promise.all(servers.map((server) => load(server, sends / count))))
  const seconds = (performance.now() - startedAt) / 1000
  const commits = (await commitCount(stage, prefix)) - before
  for (const server of servers) await server.stopAndRemove()
  await removeTopics(stage, prefix)
  const figure = (name: string, unit: string, value: number): Measured => {
    return { part: 'replicas', of: String(count), name, unit, value }
  }
  return [
    figure('idle CPU of each replica', 'cores', sum(idle.slice(0, count)) / count),
    figure('idle CPU of the brokers', 'cores', sum(idle.slice(count))),
    figure('single sends acked', '/s', sends / seconds),
    figure('sends in a commit', '', sends / commits),
    figure('CPU of all replicas', 's per 1,000 sends', (sum(busy.slice(0, count)) / sends) * 1000),
    figure('CPU of the brokers', 's per 1,000 sends', (sum(busy.slice(count)) / sends) * 1000),
  ]
}

async function load({ port }: Server, count: number): Promise<void> {
  const share = Math.round((connections * count) / sends)
  await spread(port, share, count, async (connection, index) => {
    const path = `/stream/${streams[index % streams.length] ?? ''}/send`
    accepted(await connection.request('POST', path, `{"data":${recordText(index)}}`))
  })
}
