import { drained, ids, startStreams } from '../client/api.js'
import { checkStored } from '../client/check-stored.js'
import { runWrk, socketErrors } from '../client/wrk.js'
import type { Bench } from '../harness/bench.js'
import { meterCpu } from '../harness/cpu-meter.js'
import type { Measure } from '../harness/interleave.js'
import type { Server, ServerName } from '../harness/server.js'

const prefix = 'sends-'
const drainLimitMs = 30_000

/** They have nothing to wait for when the sends are answered. */
const processNothing: ReadonlySet<ServerName> = new Set(['nest', 'nest-durable', 'fastify'])

/** wrk sends single records on `connections` connections, over as many streams; the clock stops when all of them are processed. */
export function measureSends({ settings }: Bench, connections: number): Measure {
  const { rounds } = settings
  const { seconds } = settings.sends
  const streamIds = ids(prefix, connections)
  const ackedBy = new Map<ServerName, number>()

  const drain = async (server: Server, round: number, acked: number, problems: string[]): Promise<number> => {
    const startedAt = performance.now()
    const results = await drained(server.port, streamIds, drainLimitMs)
    const drainSeconds = (performance.now() - startedAt) / 1000
    const ackedSoFar = (ackedBy.get(server.name) ?? 0) + acked
    ackedBy.set(server.name, ackedSoFar)
    // wrk drops what is in flight when its time is up: in every round a request a connection may be stored without being counted.
    const uncounted = connections * (round + 1)
    if (results < ackedSoFar || results > ackedSoFar + uncounted)
      problems.push(`${ackedSoFar} acked, ${results} results`)
    // The floor keeps no results to read back.
    if (round === rounds && server.name === 'millrace') problems.push(...(await checkStored(server.port, streamIds)))
    return drainSeconds
  }

  return async (server, round) => {
    const processes = !processNothing.has(server.name)
    if (processes && round === 0) await startStreams(server.port, streamIds)
    const stopMeter = meterCpu(server.pid)
    const load = { port: server.port, connections, seconds, prefix, streams: connections, round: round + 1 }
    const report = await runWrk({ ...load, script: 'send.lua' })
    const cpu = stopMeter()
    const problems: string[] = []
    if (report.nonTwoXx > 0) problems.push(`${report.nonTwoXx} replies other than 2xx`)
    if (socketErrors(report) > 0) problems.push(`${socketErrors(report)} socket errors`)
    const acked = report.requests - report.nonTwoXx
    const drainSeconds = processes ? await drain(server, round, acked, problems) : 0
    const perSecond = acked / (report.seconds + drainSeconds)
    const { p50Ms, p99Ms } = report
    return { values: { perSecond, p50Ms, p99Ms, drainMs: drainSeconds * 1000 }, problems, cpu }
  }
}
