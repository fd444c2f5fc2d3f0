import { endStreams, ids, processed, startStreams } from '../client/api.js'
import { sendNdjsonUntil } from '../client/ndjson.js'
import { readingText } from '../client/reading.js'
import { allOpened, SseReader } from '../client/sse-reader.js'
import type { Bench, Row } from '../harness/bench.js'
import { meterCpu } from '../harness/cpu-meter.js'
import { poll } from '../harness/deadline.js'
import type { Figure } from '../harness/figure.js'
import { column, cpuOf, problemsOf, ratios, type Sample, takeTurns } from '../harness/interleave.js'
import { NamedServer } from '../harness/named-server.js'
import { median } from '../harness/statistics.js'
import { userProcessors } from '../servers/programs.js'
import { cases, identity, type ProcessorCase } from './processor-cases.js'
import { streamCheck } from './stream-check.js'

const row = 'processors'
const drainLimitMs = 60_000
/** Readers that parse and compare every event; the others count. */
const checkedReaders = 2

/** Readings through one processor, with a sender and a reader for each stream. */
async function measure(
  { settings }: Bench,
  { server: { port, pid } }: NamedServer,
  { processor, options = {}, expected }: ProcessorCase,
  round: number,
): Promise<Sample> {
  const { streams, seconds } = settings.processors
  const streamIds = ids(`${processor}-${round}-`, streams)
  await startStreams(port, streamIds, undefined, { processor, processor_options: options })
  const checks = streamIds.map((_, i) => streamCheck(expected, i < checkedReaders))
  const readers = checks.map(({ sink }, i) => new SseReader(port, streamIds[i] ?? '', sink))
  await allOpened(readers)
  const stopMeter = meterCpu(pid)
  const startedAt = performance.now()
  const until = startedAt + seconds * 1000
  const sent = await Promise.all(streamIds.map((id) => sendNdjsonUntil(port, id, until, readingText)))
  const sentAt = performance.now()
  const processedAt = await processed(port, streamIds, drainLimitMs)
  const due = checks.map((check, i) => check.due(sent[i] ?? 0) ?? 0)
  await poll(drainLimitMs, 2, () => checks.every(({ sink }, i) => sink.count >= (due[i] ?? 0)))
  const doneAt = Math.max(processedAt, ...checks.map(({ sink }) => sink.lastAt))
  const cpu = stopMeter()
  const problems = readers.map((reader) => reader.problem)
  if (expected.of === 'all') {
    await endStreams(port, streamIds)
    await poll(drainLimitMs, 2, () => checks.every(({ sink }) => 'ended' in sink && sink.ended))
  }
  for (const reader of readers) reader.close()
  problems.push(...checks.map((check, i) => check.problem(sent[i] ?? 0)))
  const records = sent.reduce((sum, count) => sum + count)
  return {
    values: { perSecond: (records * 1000) / (doneAt - startedAt), drainMs: doneAt - sentAt },
    problems: problems.filter((problem) => problem !== undefined),
    cpu,
  }
}

/** A processor and `identity`, each on a server of its own, in turns. */
async function besideIdentity(bench: Bench, measured: ProcessorCase): Promise<Figure[]> {
  const { rounds } = bench.settings.processors
  const { name, atLeast } = measured
  const env = { PROCESSORS: userProcessors }
  const contenders = await Promise.all([
    NamedServer.start(bench, 'identity', env),
    NamedServer.start(bench, measured.processor, env),
  ])
  try {
    const samples = await takeTurns(
      bench,
      contenders,
      (contender, round) => measure(bench, contender, contender.name === 'identity' ? identity : measured, round),
      rounds,
    )
    const [base = [], mine = []] = [...samples.values()]
    const problems = problemsOf(mine)
    const unit = 'records/s'
    return [
      { row, name, unit, repeats: column(mine, 'perSecond'), problems, cpu: cpuOf(mine) },
      {
        ...{ row, unit: '×', name: `${name}, against identity` },
        repeats: ratios(mine, base, 'perSecond'),
        ...(atLeast !== undefined && { target: { atLeast } }),
        problems: [...problems, ...problemsOf(base)],
        cpu: cpuOf(base.concat(mine)),
        note: `identity ${Math.round(median(column(base, 'perSecond'))).toLocaleString('en-US')} records/s`,
      },
    ]
  } finally {
    await Promise.all(contenders.map((contender) => contender.stopAndRemove()))
  }
}

export const processors: Row = {
  name: row,
  title: 'NDJSON of 100 readings through each processor, against identity',
  limitMinutes: 20,
  async run(bench) {
    const figures: Figure[] = []
    for (const each of cases) {
      bench.progress(each.name)
      figures.push(...(await besideIdentity(bench, each)))
    }
    return figures
  },
}
