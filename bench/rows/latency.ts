import { startStreams } from '../client/api.js'
import { EventChecker } from '../client/event-checker.js'
import { LatencyRecorder } from '../client/latency-recorder.js'
import { sendOpenLoop } from '../client/open-loop.js'
import { checkOnce, recordText } from '../client/record.js'
import { allOpened, SseReader } from '../client/sse-reader.js'
import type { Row } from '../harness/bench.js'
import { meterCpu } from '../harness/cpu-meter.js'
import { poll } from '../harness/deadline.js'
import { column, cpuOf, interleave, type Measure, problemsOf, ratios } from '../harness/interleave.js'
import { quantile } from '../harness/statistics.js'

const drainLimitMs = 30_000
const warmUpSeconds = 1

export interface LatencyTargets {
  readonly p50AgainstFloor: number
  readonly p99Ms?: number
}

export const latency = (targets: LatencyTargets): Row => ({
  name: 'latency',
  title: 'from a send falling due to its result at 100 readers, against the floor',
  limitMinutes: 10,
  async run(bench) {
    const { readers: count, sendsPerSecond, seconds } = bench.settings.latency
    const sends = sendsPerSecond * (warmUpSeconds + seconds)
    const warmUp = sendsPerSecond * warmUpSeconds
    const expected = (sends - warmUp) * count

    const measure: Measure = async ({ port, pid }, round) => {
      const stream = `latency-${round}`
      await startStreams(port, [stream])
      let startAt = Number.NaN
      const dueAt = (n: number): number => startAt + (n * 1000) / sendsPerSecond
      const recorder = new LatencyRecorder(dueAt, warmUp, expected)
      const seen = new Set<number>()
      const checker = new EventChecker(({ data }) => checkOnce(data, seen))
      const readers = Array.from({ length: count }, () => new SseReader(port, stream, recorder))
      readers.push(new SseReader(port, stream, checker))
      await allOpened(readers)
      const stopMeter = meterCpu(pid)
      startAt = performance.now() + 20
      const path = `/stream/${stream}/send`
      await sendOpenLoop(
        port,
        () => path,
        sends,
        dueAt,
        (n) => `{"data":${recordText(n)}}`,
      )
      await poll(drainLimitMs, 2, () => recorder.count >= expected && checker.count >= sends)
      const cpu = stopMeter()
      for (const reader of readers) reader.close()
      const problems = [checker.problem, readers.find((reader) => reader.problem !== undefined)?.problem]
      if (recorder.count !== expected) problems.push(`${expected - recorder.count} deliveries missing`)
      if (seen.size !== sends) problems.push(`${sends - seen.size} records missing`)
      const latencies = recorder.sorted()
      const values = {
        p50Ms: quantile(latencies, 0.5),
        p99Ms: quantile(latencies, 0.99),
        maxMs: quantile(latencies, 1),
      }
      return { values, problems: problems.filter((problem) => problem !== undefined), cpu }
    }

    const samples = await interleave(bench, ['millrace', 'floor'], measure)
    const [millrace = [], floor = []] = [...samples.values()]
    const [row, unit, problems] = ['latency', 'ms', problemsOf(millrace)]
    return [
      {
        ...{ row, unit, name: 'p50', repeats: column(millrace, 'p50Ms'), problems, cpu: cpuOf(millrace) },
        note: `${sendsPerSecond} sends/s, open loop: measured from when a send was due`,
      },
      {
        ...{ row, unit: '×', name: 'p50 against the floor' },
        repeats: ratios(millrace, floor, 'p50Ms'),
        cpu: cpuOf(floor.concat(millrace)),
        target: { atMost: targets.p50AgainstFloor },
        problems: [...problems, ...problemsOf(floor)],
      },
      {
        row,
        unit,
        name: 'p99',
        repeats: column(millrace, 'p99Ms'),
        ...(targets.p99Ms !== undefined && { target: { atMost: targets.p99Ms } }),
        problems,
        cpu: cpuOf(millrace),
      },
      { row, unit, name: 'max', repeats: column(millrace, 'maxMs'), problems },
      { row, unit, name: 'floor, p50', repeats: column(floor, 'p50Ms'), problems: [], cpu: cpuOf(floor) },
      { row, unit, name: 'floor, p99', repeats: column(floor, 'p99Ms'), problems: [] },
    ]
  },
})
