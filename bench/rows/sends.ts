import { drained, ids, startStreams } from '../client/api.js'
import { checkStored } from '../client/check-stored.js'
import { hasWrk, runWrk, socketErrors } from '../client/wrk.js'
import { type Row, Skipped } from '../harness/bench.js'
import { meterCpu } from '../harness/cpu-meter.js'
import type { Figure } from '../harness/figure.js'
import { column, cpuOf, interleave, type Measure, problemsOf, ratios } from '../harness/interleave.js'
import type { Server } from '../harness/server.js'

const prefix = 'sends-'
const drainLimitMs = 30_000

export const sends: Row = {
  name: 'sends',
  title: 'durable single sends, 128 connections, against routes that do nothing',
  limitMinutes: 10,
  async run(bench) {
    if (!hasWrk()) throw new Skipped('wrk is not installed')
    const { connections, streams, seconds } = bench.settings.sends
    const streamIds = ids(prefix, streams)
    let ackedSoFar = 0

    // The clock runs until everything sent is processed and stands in the results; the do-nothing routes have nothing to wait for.
    const drain = async (server: Server, round: number, acked: number, problems: string[]): Promise<number> => {
      const startedAt = performance.now()
      const results = await drained(server.port, streamIds, drainLimitMs)
      const drainSeconds = (performance.now() - startedAt) / 1000
      ackedSoFar += acked
      // wrk drops what is in flight when its time is up: in every round a request a connection may be stored without being counted.
      const uncounted = connections * (round + 1)
      if (results < ackedSoFar || results > ackedSoFar + uncounted)
        problems.push(`${ackedSoFar} acked, ${results} results`)
      if (round === bench.settings.rounds) problems.push(...(await checkStored(server.port, streamIds)))
      return drainSeconds
    }

    const measure: Measure = async (server, round) => {
      const isMillrace = server.name === 'millrace'
      if (isMillrace && round === 0) await startStreams(server.port, streamIds)
      const stopMeter = meterCpu(server.pid)
      const load = { port: server.port, connections, seconds, prefix, streams, round: round + 1 }
      const report = await runWrk({ ...load, script: 'send.lua' })
      const cpu = stopMeter()
      const problems: string[] = []
      if (report.nonTwoXx > 0) problems.push(`${report.nonTwoXx} replies other than 2xx`)
      if (socketErrors(report) > 0) problems.push(`${socketErrors(report)} socket errors`)
      const acked = report.requests - report.nonTwoXx
      const drainSeconds = isMillrace ? await drain(server, round, acked, problems) : 0
      const perSecond = acked / (report.seconds + drainSeconds)
      const { p50Ms, p99Ms } = report
      return { values: { perSecond, p50Ms, p99Ms, drainMs: drainSeconds * 1000 }, problems, cpu }
    }

    const samples = await interleave(bench, ['millrace', 'nest', 'nest-durable', 'fastify'], measure)
    const [millrace = [], nest = [], durable = [], fastify = []] = [...samples.values()]
    const [row, cpu, problems] = ['sends', cpuOf(millrace), problemsOf(millrace)]
    return [
      {
        ...{ row, cpu, problems, unit: '/s', name: 'durable sends' },
        repeats: column(millrace, 'perSecond'),
        note: 'wrk; draining inside the clock',
      },
      {
        ...{ row, unit: '×', name: 'against Nest doing nothing' },
        repeats: ratios(millrace, nest, 'perSecond'),
        target: { atLeast: 0.9 },
        cpu: cpuOf(nest.concat(millrace)),
        problems: [...problems, ...problemsOf(nest)],
      },
      {
        ...{ row, unit: '×', name: 'against Nest doing nothing but a durable put' },
        repeats: ratios(millrace, durable, 'perSecond'),
        cpu: cpuOf(durable.concat(millrace)),
        problems: [...problems, ...problemsOf(durable)],
      },
      {
        ...{ row, unit: '×', name: 'Nest with a durable put against Nest doing nothing' },
        repeats: ratios(durable, nest, 'perSecond'),
        cpu: cpuOf(nest.concat(durable)),
        problems: [...problemsOf(durable), ...problemsOf(nest)],
      },
      {
        ...{ row, unit: '×', name: 'against bare Fastify' },
        repeats: ratios(millrace, fastify, 'perSecond'),
        cpu: cpuOf(fastify.concat(millrace)),
        problems: [...problems, ...problemsOf(fastify)],
      },
      { row, name: 'ack, p50', unit: 'ms', repeats: column(millrace, 'p50Ms'), problems },
      { row, name: 'ack, p99', unit: 'ms', repeats: column(millrace, 'p99Ms'), problems },
      { row, name: 'draining', unit: 'ms', repeats: column(millrace, 'drainMs'), problems },
      {
        row,
        name: 'Nest doing nothing',
        unit: '/s',
        repeats: column(nest, 'perSecond'),
        problems: [],
        cpu: cpuOf(nest),
      },
      {
        row,
        name: 'bare Fastify',
        unit: '/s',
        repeats: column(fastify, 'perSecond'),
        problems: [],
        cpu: cpuOf(fastify),
      },
    ] satisfies Figure[]
  },
}
