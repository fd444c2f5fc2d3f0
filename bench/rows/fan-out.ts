import { accepted, startStreams } from '../client/api.js'
import { EventChecker } from '../client/event-checker.js'
import { EventCounter } from '../client/event-counter.js'
import { HttpConnection } from '../client/http-connection.js'
import { checkOnce, recordText } from '../client/record.js'
import { allOpened, SseReader } from '../client/sse-reader.js'
import type { Row } from '../harness/bench.js'
import { meterCpu } from '../harness/cpu-meter.js'
import { poll } from '../harness/deadline.js'
import { column, cpuOf, interleave, type Measure, problemsOf, ratios, type Sample } from '../harness/interleave.js'
import { median } from '../harness/statistics.js'

const drainLimitMs = 30_000
/** Readers that parse and compare every event; the others count. */
const checkedReaders = 5

/** Sends single records on `senders` connections, each after the ack of the one before, until `until`; answers how many. */
async function sendUntil(port: number, stream: string, senders: number, until: number): Promise<number> {
  let next = 0
  const sender = async (): Promise<void> => {
    const connection = await HttpConnection.open(port)
    try {
      while (performance.now() < until) {
        accepted(await connection.request('POST', `/stream/${stream}/send`, `{"data":${recordText(next++)}}`))
      }
    } finally {
      connection.close()
    }
  }
  await Promise.all(Array.from({ length: senders }, sender))
  return next
}

function eachOnce(): EventChecker {
  const seen = new Set<number>()
  return new EventChecker(({ data }) => checkOnce(data, seen))
}

/** How many records came together. The more do, the cheaper is each, so a ratio means little without it. */
function together(samples: readonly Sample[]): string {
  return median(column(samples, 'perPiece')).toFixed(1)
}

export const fanOut: Row = {
  name: 'fan-out',
  title: 'deliveries to 500 readers of one stream, against the floor',
  limitMinutes: 10,
  async run(bench) {
    const { readers: count, senders, seconds } = bench.settings.fanOut

    const measure: Measure = async ({ port, pid }, round) => {
      const stream = `fan-out-${round}`
      await startStreams(port, [stream])
      const sinks = Array.from({ length: count }, (_, i) => (i < checkedReaders ? eachOnce() : new EventCounter()))
      const readers = sinks.map((sink) => new SseReader(port, stream, sink))
      await allOpened(readers)
      const stopMeter = meterCpu(pid)
      const startedAt = performance.now()
      const records = await sendUntil(port, stream, senders, startedAt + seconds * 1000)
      const all = await poll(drainLimitMs, 2, () => sinks.every((sink) => sink.count >= records))
      const lastAt = Math.max(...sinks.map((sink) => sink.lastAt))
      const delivered = sinks.reduce((sum, sink) => sum + sink.count, 0)
      const cpu = stopMeter()
      const counters = sinks.filter((sink) => sink instanceof EventCounter)
      const pieces = counters.reduce((sum, counter) => sum + counter.pieces, 0)
      for (const reader of readers) reader.close()
      const problems = sinks.map((sink) => (sink instanceof EventChecker ? sink.problem : undefined))
      problems.push(readers.find((reader) => reader.problem !== undefined)?.problem)
      if (!all || delivered !== records * count) problems.push(`${records * count - delivered} deliveries missing`)
      const elapsedSeconds = (lastAt - startedAt) / 1000
      return {
        values: { perSecond: delivered / elapsedSeconds, perPiece: (records * counters.length) / pieces },
        problems: problems.filter((problem) => problem !== undefined),
        cpu,
      }
    }

    const samples = await interleave(bench, ['millrace', 'floor'], measure)
    const [millrace = [], floor = []] = [...samples.values()]
    const [row, problems] = ['fan-out', problemsOf(millrace)]
    return [
      {
        ...{ row, unit: '/s', name: 'deliveries' },
        repeats: column(millrace, 'perSecond'),
        ...{ cpu: cpuOf(millrace), problems },
        note: `${count} readers, none missing, ${checkedReaders} checked in full; ${senders} senders; ${together(millrace)} records a write (floor ${together(floor)})`,
      },
      {
        ...{ row, unit: '×', name: 'against the floor' },
        repeats: ratios(millrace, floor, 'perSecond'),
        cpu: cpuOf(floor.concat(millrace)),
        target: { atLeast: 0.9 },
        problems: [...problems, ...problemsOf(floor)],
      },
      { row, name: 'floor', unit: '/s', repeats: column(floor, 'perSecond'), problems: [], cpu: cpuOf(floor) },
    ]
  },
}
