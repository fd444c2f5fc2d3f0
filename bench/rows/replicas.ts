import { startStreams } from '../client/api.js'
import { EventChecker } from '../client/event-checker.js'
import { EventCounter } from '../client/event-counter.js'
import { sendOpenLoop } from '../client/open-loop.js'
import { checkOnce, recordText } from '../client/record.js'
import { allOpened, SseReader } from '../client/sse-reader.js'
import type { Bench, Row } from '../harness/bench.js'
import { meterCpu } from '../harness/cpu-meter.js'
import { poll } from '../harness/deadline.js'
import type { Figure } from '../harness/figure.js'
import { column, cpuOf, problemsOf, ratios, type Sample, takeTurns } from '../harness/interleave.js'
import { ReplicaSet } from '../harness/replica-set.js'

const drainLimitMs = 30_000

/** Sends records to one stream at a fixed rate, and lets `count` readers have them, both spread over the replicas. */
async function measure({ settings }: Bench, { servers }: ReplicaSet, stream: string, count: number): Promise<Sample> {
  const { sendsPerSecond, seconds } = settings.replicas
  const records = sendsPerSecond * seconds
  const portOf = (n: number): number => servers[n % servers.length]?.port ?? 0
  await startStreams(portOf(0), [stream])
  const seen = new Set<number>()
  const checker = new EventChecker(({ data }) => checkOnce(data, seen))
  const sinks = Array.from({ length: count }, (_, i) => (i === 0 ? checker : new EventCounter()))
  const readers = sinks.map((sink, i) => new SseReader(portOf(i), stream, sink))
  await allOpened(readers)
  const stopMeter = meterCpu(...servers.map(({ pid }) => pid))
  const startedAt = performance.now()
  // The replicas take the records in turn: together they have the rate.
  const perReplica = records / servers.length
  await Promise.all(
    servers.map(({ port }, i) => {
      const numberOf = (n: number): number => n * servers.length + i
      const dueAt = (n: number): number => startedAt + (numberOf(n) * 1000) / sendsPerSecond
      const body = (n: number): string => `{"data":${recordText(numberOf(n))}}`
      return sendOpenLoop(port, () => `/stream/${stream}/send`, perReplica, dueAt, body)
    }),
  )
  await poll(drainLimitMs, 2, () => sinks.every((sink) => sink.count >= records))
  const elapsedSeconds = (performance.now() - startedAt) / 1000
  const cpu = stopMeter()
  for (const reader of readers) reader.close()
  const delivered = sinks.reduce((sum, sink) => sum + sink.count, 0)
  const problems = [checker.problem, readers.find((reader) => reader.problem !== undefined)?.problem]
  if (delivered !== records * count) problems.push(`${records * count - delivered} deliveries missing`)
  const cpuSecondsPerMillion = (cpu.server * elapsedSeconds * 1e6) / delivered
  return { values: { cpuSecondsPerMillion }, problems: problems.filter((problem) => problem !== undefined), cpu }
}

function figuresOf(count: number, sendsPerSecond: number, one: readonly Sample[], two: readonly Sample[]): Figure[] {
  const [row, unit, name] = ['replicas', 's', 'cpuSecondsPerMillion']
  const note = `${sendsPerSecond} sends/s to one stream, open loop; the servers' CPU, without the brokers'`
  const what = `CPU per million deliveries, ${count} readers`
  return [
    {
      row,
      name: `${what}, one replica`,
      unit,
      repeats: column(one, name),
      problems: problemsOf(one),
      cpu: cpuOf(one),
      note,
    },
    {
      row,
      name: `${what}, two replicas`,
      unit,
      repeats: column(two, name),
      problems: problemsOf(two),
      cpu: cpuOf(two),
    },
    {
      ...{ row, name: `${what}, two against one`, unit: '×', target: { atMost: 1.25 } },
      repeats: ratios(two, one, name),
      problems: [...problemsOf(one), ...problemsOf(two)],
      cpu: cpuOf(one.concat(two)),
    },
  ]
}

export const replicas: Row = {
  name: 'replicas',
  title: "the servers' CPU for a delivery, with two replicas against one",
  limitMinutes: 15,
  async run(bench) {
    const { readers, sendsPerSecond } = bench.settings.replicas
    const sets = [await ReplicaSet.start(bench, 'one', 1), await ReplicaSet.start(bench, 'two', 2)]
    try {
      const figures: Figure[] = []
      for (const count of readers) {
        bench.progress(`${count} readers`)
        const samples = await takeTurns(bench, sets, (set, round) =>
          measure(bench, set, `readers-${count}-${round}`, count),
        )
        const [one = [], two = []] = [...samples.values()]
        figures.push(...figuresOf(count, sendsPerSecond, one, two))
      }
      return figures
    } finally {
      await Promise.all(sets.map((set) => set.stopAndRemove()))
    }
  },
}
