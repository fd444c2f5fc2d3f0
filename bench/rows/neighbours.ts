import { ids, startStreams } from '../client/api.js'
import { EventChecker } from '../client/event-checker.js'
import { LatencyRecorder } from '../client/latency-recorder.js'
import { sendOpenLoop } from '../client/open-loop.js'
import { recordText } from '../client/record.js'
import { allOpened, SseReader } from '../client/sse-reader.js'
import type { Bench, Row } from '../harness/bench.js'
import { meterCpu } from '../harness/cpu-meter.js'
import { poll } from '../harness/deadline.js'
import type { Figure } from '../harness/figure.js'
import { column, cpuOf, problemsOf, ratios, type Sample, takeTurns } from '../harness/interleave.js'
import { NamedServer } from '../harness/named-server.js'
import { quantile } from '../harness/statistics.js'
import { userProcessors } from '../servers/programs.js'

const row = 'neighbours'
const drainLimitMs = 120_000
const warmUpSeconds = 1
const body = (n: number): string => `{"data":${recordText(n)}}`

/** Sends to one stream more than its processor can do; ends when each record has its result. Answers what went wrong. */
async function keepBusy(
  { settings }: Bench,
  port: number,
  stream: string,
  startAt: number,
): Promise<string | undefined> {
  const { slowSendsPerSecond, seconds } = settings.neighbours
  const sends = slowSendsPerSecond * (warmUpSeconds + seconds)
  const checker = new EventChecker(({ seq, data }) =>
    (data as { readonly n?: unknown }).n === seq - 1 ? undefined : `result ${seq} is of another record`,
  )
  const reader = new SseReader(port, stream, checker)
  const dueAt = (n: number): number => startAt + (n * 1000) / slowSendsPerSecond
  await sendOpenLoop(port, () => `/stream/${stream}/send`, sends, dueAt, body)
  await poll(drainLimitMs, 10, () => checker.count >= sends)
  reader.close()
  const missing = sends - checker.count
  return checker.problem ?? reader.problem ?? (missing === 0 ? undefined : `${missing} slow results missing`)
}

/** From a send falling due to its result at the one reader of its stream, beside the slow stream `slow` if there is one. */
async function measure(
  bench: Bench,
  { port, pid }: NamedServer['server'],
  quiet: readonly string[],
  slow?: string,
): Promise<Sample> {
  const { sendsPerSecond, sleepMs, seconds } = bench.settings.neighbours
  const perSecond = sendsPerSecond * quiet.length
  const sends = perSecond * (warmUpSeconds + seconds)
  const warmUp = perSecond * warmUpSeconds
  await startStreams(port, quiet)
  if (slow !== undefined)
    await startStreams(port, [slow], 1, { processor: 'sleepy', processor_options: { ms: sleepMs } })
  let startAt = Number.NaN
  const dueAt = (n: number): number => startAt + (n * 1000) / perSecond
  const recorder = new LatencyRecorder(dueAt, warmUp, sends - warmUp)
  const readers = quiet.map((stream) => new SseReader(port, stream, recorder))
  await allOpened(readers)
  const stopMeter = meterCpu(pid)
  startAt = performance.now() + 20
  const path = (n: number): string => `/stream/${quiet[n % quiet.length] ?? ''}/send`
  const [slowProblem] = await Promise.all([
    slow === undefined ? undefined : keepBusy(bench, port, slow, startAt),
    sendOpenLoop(port, path, sends, dueAt, body),
  ])
  await poll(drainLimitMs, 2, () => recorder.count >= sends - warmUp)
  const cpu = stopMeter()
  for (const reader of readers) reader.close()
  const missing = sends - warmUp - recorder.count
  const problems = [slowProblem, ...readers.map((reader) => reader.problem)]
  if (missing !== 0) problems.push(`${missing} deliveries missing`)
  const latencies = recorder.sorted()
  const values = { p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99), maxMs: quantile(latencies, 1) }
  return { values, problems: problems.filter((problem) => problem !== undefined), cpu }
}

export const neighbours: Row = {
  name: row,
  title: 'from a send to its result on quiet streams, alone and beside a stream whose processor is slow',
  limitMinutes: 20,
  async run(bench) {
    const { quietStreams, sendsPerSecond, slowSendsPerSecond, sleepMs, rounds } = bench.settings.neighbours
    const env = { PROCESSORS: userProcessors }
    const contenders = await Promise.all(['alone', 'beside'].map((name) => NamedServer.start(bench, name, env)))
    try {
      const samples = await takeTurns(
        bench,
        contenders,
        ({ name, server }, round) =>
          measure(bench, server, ids(`quiet-${round}-`, quietStreams), name === 'beside' ? `slow-${round}` : undefined),
        rounds,
      )
      const [alone = [], beside = []] = [...samples.values()]
      const figures = (name: string, of: readonly Sample[], note: string): Figure[] => [
        {
          row,
          unit: 'ms',
          name: `${name}, p50`,
          repeats: column(of, 'p50Ms'),
          problems: problemsOf(of),
          cpu: cpuOf(of),
          note,
        },
        { row, unit: 'ms', name: `${name}, p99`, repeats: column(of, 'p99Ms'), problems: problemsOf(of) },
        { row, unit: 'ms', name: `${name}, max`, repeats: column(of, 'maxMs'), problems: problemsOf(of) },
      ]
      return [
        ...figures('quiet streams alone', alone, `${quietStreams} streams, ${sendsPerSecond} sends/s each, open loop`),
        ...figures(
          'beside a slow one',
          beside,
          `which takes ${sleepMs} ms a record and gets ${slowSendsPerSecond} a second`,
        ),
        {
          ...{ row, unit: '×', name: 'p99 beside against alone', repeats: ratios(beside, alone, 'p99Ms') },
          problems: [...problemsOf(alone), ...problemsOf(beside)],
        },
      ]
    } finally {
      await Promise.all(contenders.map((contender) => contender.stopAndRemove()))
    }
  },
}
