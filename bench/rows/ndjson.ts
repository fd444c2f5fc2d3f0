import { ids, startStreams } from '../client/api.js'
import { EventChecker } from '../client/event-checker.js'
import { EventCounter } from '../client/event-counter.js'
import { sendNdjsonUntil } from '../client/ndjson.js'
import { isResultOf } from '../client/record.js'
import { allOpened, SseReader } from '../client/sse-reader.js'
import type { Row } from '../harness/bench.js'
import { meterCpu } from '../harness/cpu-meter.js'
import { poll } from '../harness/deadline.js'
import { column, cpuOf, interleave, type Measure, problemsOf, ratios } from '../harness/interleave.js'

const drainLimitMs = 30_000
/** Readers that parse and compare every event; the others count. */
const checkedReaders = 2

/** One sender and one reader a stream, so that the result numbered n must be of the n-th record sent. */
const inOrder = (): EventChecker =>
  new EventChecker(({ seq, data }) => (isResultOf(seq - 1, data) ? undefined : `result ${seq} is of another record`))

export interface NdjsonTargets {
  readonly perSecond?: number
  readonly againstFloor: number
}

export const ndjson = (targets: NdjsonTargets): Row => ({
  name: 'ndjson',
  title: 'NDJSON of 100 records: sent, processed and delivered, against the floor',
  limitMinutes: 10,
  async run(bench) {
    const { streams, seconds } = bench.settings.ndjson

    const measure: Measure = async ({ port, pid }, round) => {
      const streamIds = ids(`ndjson-${round}-`, streams)
      await startStreams(port, streamIds)
      const sinks = streamIds.map((_, i) => (i < checkedReaders ? inOrder() : new EventCounter()))
      const readers = streamIds.map((id, i) => new SseReader(port, id, sinks[i] ?? new EventCounter()))
      await allOpened(readers)
      const stopMeter = meterCpu(pid)
      const startedAt = performance.now()
      const sent = await Promise.all(streamIds.map((id) => sendNdjsonUntil(port, id, startedAt + seconds * 1000)))
      const sentAt = performance.now()
      const records = sent.reduce((sum, count) => sum + count)
      const all = await poll(drainLimitMs, 2, () => sinks.every((sink, i) => sink.count >= (sent[i] ?? 0)))
      const lastAt = Math.max(...sinks.map((sink) => sink.lastAt))
      const delivered = sinks.reduce((sum, sink) => sum + sink.count, 0)
      const cpu = stopMeter()
      for (const reader of readers) reader.close()
      const problems = sinks.map((sink) => (sink instanceof EventChecker ? sink.problem : undefined))
      problems.push(...readers.map((reader) => reader.problem))
      if (!all || delivered !== records) problems.push(`${delivered} of ${records} records delivered`)
      return {
        values: { perSecond: (delivered * 1000) / (lastAt - startedAt), drainMs: Math.max(0, lastAt - sentAt) },
        problems: problems.filter((problem) => problem !== undefined),
        cpu,
      }
    }

    const samples = await interleave(bench, ['millrace', 'floor'], measure)
    const [millrace = [], floor = []] = [...samples.values()]
    const [row, problems] = ['ndjson', problemsOf(millrace)]
    return [
      {
        ...{ row, unit: 'records/s', name: 'sent, processed and delivered' },
        repeats: column(millrace, 'perSecond'),
        ...(targets.perSecond !== undefined && { target: { atLeast: targets.perSecond } }),
        ...{ cpu: cpuOf(millrace), problems },
        note: `${streams} streams, a sender and a reader each, ${checkedReaders} checked in full`,
      },
      {
        ...{ row, unit: '×', name: 'against the floor' },
        repeats: ratios(millrace, floor, 'perSecond'),
        cpu: cpuOf(floor.concat(millrace)),
        target: { atLeast: targets.againstFloor },
        problems: [...problems, ...problemsOf(floor)],
      },
      { row, name: 'floor', unit: 'records/s', repeats: column(floor, 'perSecond'), problems: [], cpu: cpuOf(floor) },
    ]
  },
})
