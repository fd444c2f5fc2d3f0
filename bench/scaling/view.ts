import { accepted, drained, ids, startStreams } from '../client/api.js'
import { spread } from '../client/connection-pool.js'
import { recordText } from '../client/record.js'
import { pause } from '../harness/deadline.js'
import type { Server } from '../harness/server.js'
import { commitCount, type Measured, newPrefix, removeTopics, type Stage, startReplica, usable } from './stage.js'
import { cpuOver, mebibytes, onDisk, sum } from './usage.js'
import { cpuSeconds } from '../harness/proc.js'

const partitionCount = 12
const openStreams = 4_000
const bodies = 400
const recordsInBody = 100
const sends = 1_500
const drainLimitMs = 60_000

/** Commits gather for 200 ms before they are written: after this all is. */
const settleMs = 2_000

/**
 * A replica that owns nothing and has no clients, beside one that does all the work: what it costs to follow, and what it costs
 * to begin with nothing once all is in the log.
 */
export async function view(stage: Stage): Promise<Measured[]> {
  const prefix = newPrefix()
  const settings = { prefix, partitions: partitionCount }
  const owner = await startReplica(stage, settings)
  await usable(owner, partitionCount)
  const follower = await startReplica(stage, { ...settings, role: 'api' })
  const measured: Measured[] = []
  const figure = (of: string, name: string, unit: string, value: number): void => {
    measured.push({ part: 'view', of, name, unit, value })
  }
  const follow = async (of: string, count: number, work: () => Promise<void>): Promise<void> => {
    stage.progress(`following ${of}`)
    const [commits, memory] = [await commitCount(stage, prefix), mebibytes(follower.pid)]
    const settled = work().then(() => pause(settleMs))
    const [own = 0, following = 0] = await cpuOver([owner.pid, follower.pid], settled)
    figure(of, 'in a commit', '', count / ((await commitCount(stage, prefix)) - commits))
    figure(of, 'CPU of the owner', 'µs each', (own / count) * 1e6)
    figure(of, 'CPU of the follower', 'µs each', (following / count) * 1e6)
    figure(of, 'memory of the follower', 'kB each', ((mebibytes(follower.pid) - memory) * 2 ** 20) / 1000 / count)
  }
  const streams = ids('v', openStreams)
  for (let round = 1; round <= stage.rounds; round++) {
    const active = streams.slice(0, 120)
    if (round === 1) await follow('open streams', openStreams, () => startStreams(owner.port, streams, 64))
    await follow('results of bodies of 100', bodies * recordsInBody, () => sendBodies(owner, active))
    await follow('results of single sends', sends, () => sendSingles(owner, active))
  }
  stage.progress('beginning with nothing')
  const results = stage.rounds * (bodies * recordsInBody + sends)
  for (let round = 1; round <= stage.rounds; round++) {
    const fresh = await startReplica(stage, { ...settings, role: 'api' })
    await pause(settleMs)
    figure('a new replica', 'start', 's', fresh.readyInMs / 1000)
    figure('a new replica', 'CPU until it has all', 's', cpuSeconds(fresh.pid))
    figure('a new replica', 'results in the log', '', results)
    figure('a new replica', 'commits in the log', '', await commitCount(stage, prefix))
    figure('a new replica', 'memory', 'MiB', mebibytes(fresh.pid))
    figure('a new replica', 'view on the disk', 'MiB', onDisk(fresh.dataDir))
    await fresh.stopAndRemove()
  }
  figure('a new replica', 'commit log on one broker', 'MiB', commitLogOnDisk(stage, prefix))
  for (const server of [follower, owner]) await server.stopAndRemove()
  await removeTopics(stage, prefix)
  return measured
}

async function sendBodies({ port }: Server, streams: readonly string[]): Promise<void> {
  const lines = Array.from({ length: recordsInBody }, (_, index) => `${recordText(index)}\n`).join('')
  await spread(port, 24, bodies, async (connection, index) => {
    const path = `/stream/${streams[index % streams.length] ?? ''}/send`
    accepted(await connection.request('POST', path, lines, 'application/x-ndjson'))
  })
  await drained(port, streams, drainLimitMs)
}

async function sendSingles({ port }: Server, streams: readonly string[]): Promise<void> {
  await spread(port, 48, sends, async (connection, index) => {
    const path = `/stream/${streams[index % streams.length] ?? ''}/send`
    accepted(await connection.request('POST', path, `{"data":${recordText(index)}}`))
  })
  await drained(port, streams, drainLimitMs)
}

function commitLogOnDisk({ cluster }: Stage, prefix: string): number {
  const folder = cluster.dataFolder(1)
  return sum(
    Array.from({ length: partitionCount }, (_, partition) => onDisk(`${folder}/${prefix}.commits-${partition}`)),
  )
}
