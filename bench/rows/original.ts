import { drained, ids, startStreams } from '../client/api.js'
import { hasWrk, runWrk, socketErrors, type WrkReport } from '../client/wrk.js'
import { type Bench, type Row, Skipped, withServer } from '../harness/bench.js'
import { type CpuUse, meterCpu } from '../harness/cpu-meter.js'
import type { Figure } from '../harness/figure.js'
import { cpuOf } from '../harness/interleave.js'
import type { Server } from '../harness/server.js'

const streams = 800
const drainLimitMs = 60_000

/**
 * What the original publishes: requests/s, of which nearly all are errors with status 200 ("Stream … not found"), since its script
 * ends one stream in seven requests and never starts one again.
 */
const published: Readonly<Record<number, number>> = {
  100: 81_274,
  200: 60_726,
  300: 55_103,
  400: 39_182,
  500: 37_079,
  600: 33_486,
  700: 13_328,
  800: 14_256,
}

interface Level {
  readonly connections: number
  readonly report: WrkReport
  /** Sends answered with 2xx, a second, the clock running until all of them were processed. */
  readonly sendsPerSecond: number
  readonly repliesPerSecond: number
  readonly cpu: CpuUse
  readonly problems: readonly string[]
}

async function runLevel(server: Server, connections: number, seconds: number, repeat: number): Promise<Level> {
  const prefix = `mix-${repeat}-${connections}-`
  const streamIds = ids(prefix, streams + 1).slice(1)
  await startStreams(server.port, streamIds)
  const stopMeter = meterCpu(server.pid)
  const report = await runWrk({ port: server.port, connections, seconds, script: 'mix.lua', prefix, streams, round: 1 })
  const cpu = stopMeter()
  const stoppedAt = performance.now()
  await drained(server.port, streamIds, drainLimitMs)
  const problems = failures(connections, report)
  const elapsed = report.seconds + (performance.now() - stoppedAt) / 1000
  const { sends = 0, starts = 0, ends = 0, reads = 0 } = report.counts
  const repliesPerSecond = (sends + starts + ends + reads) / elapsed
  return { connections, report, sendsPerSecond: sends / elapsed, repliesPerSecond, cpu, problems }
}

/** What makes a level worthless. Refusals beyond the strays do not: a stream may be met while it ends or starts. */
function failures(connections: number, { counts }: WrkReport): string[] {
  const { strays = 0, refused = 0, failed = 0 } = counts
  const problems = failed > 0 ? [`${failed} replies 5xx`] : []
  if (refused < strays - connections) problems.push(`of ${strays} sends to no stream only ${refused} were refused`)
  return problems
}

async function runAll(bench: Bench): Promise<Level[][]> {
  const { connections, seconds, repeats } = bench.settings.original
  const runs: Level[][] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    const run = await withServer(bench, 'millrace', async (server) => {
      await runLevel(server, 100, seconds, -1)
      const levels: Level[] = []
      for (const count of connections) {
        const level = await runLevel(server, count, seconds, repeat)
        levels.push(level)
        const { maxMs, counts } = level.report
        const detail = `max ${Math.round(maxMs)} ms, ${socketErrors(level.report)} socket errors, ${JSON.stringify(counts)}`
        bench.progress(`${count} connections: ${Math.round(level.sendsPerSecond)} accepted sends/s, ${detail}`)
      }
      return levels
    })
    runs.push(run)
  }
  return runs
}

export const original: Row = {
  name: 'original',
  title: "the original's table: wrk, start, send, results and end mixed over 800 streams",
  limitMinutes: 20,
  async run(bench) {
    if (!hasWrk()) throw new Skipped('wrk is not installed')
    const runs = await runAll(bench)
    const row = 'original'
    const problems = runs.flat().flatMap((level) => level.problems)
    const worst = (value: (level: Level) => number): number[] => runs.map((levels) => Math.max(...levels.map(value)))
    const perLevel = bench.settings.original.connections.map((connections, i): Figure => {
      const levels = runs.flatMap((run) => run[i] ?? [])
      const millis = Math.max(...levels.map(({ report }) => report.maxMs))
      const replies = Math.round(Math.max(...levels.map((level) => level.repliesPerSecond)))
      const early = levels.reduce((n, { report: { counts } }) => n + (counts.refused ?? 0) - (counts.strays ?? 0), 0)
      return {
        ...{
          row,
          name: `accepted sends, ${connections} connections`,
          unit: '/s',
          problems: levels.flatMap((level) => level.problems),
        },
        repeats: levels.map((level) => level.sendsPerSecond),
        cpu: levels[0]?.cpu ?? { server: 0, client: 0, others: 0 },
        note: `all 2xx ${replies}/s, max ${Math.round(millis)} ms, ${Math.max(0, early)} refused beside the strays; published: ${published[connections] ?? '?'} req/s`,
      }
    })
    const cpu = cpuOf(runs.flat())
    const steadiness = runs.map((levels) => (levels.at(-1)?.sendsPerSecond ?? 0) / (levels[0]?.sendsPerSecond ?? 0))
    return [
      ...perLevel,
      {
        ...{ row, name: 'accepted sends, most against fewest connections', unit: '×', repeats: steadiness },
        target: { atLeast: 0.9 },
        ...{ problems, cpu },
      },
      {
        ...{ row, name: 'socket errors', unit: '', problems: [], cpu },
        repeats: worst(({ report }) => socketErrors(report)),
        target: { atMost: 0, worst: true },
      },
      {
        ...{ row, name: 'longest latency', unit: 'ms', problems: [], cpu },
        repeats: worst(({ report }) => report.maxMs),
        target: { atMost: 1000, worst: true },
      },
      {
        ...{ row, name: 'errors with status 200', unit: '', problems: [] },
        repeats: worst(({ report }) => report.counts.lies ?? 0),
        target: { atMost: 0, worst: true },
      },
    ]
  },
}
