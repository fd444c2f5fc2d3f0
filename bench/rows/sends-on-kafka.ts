import { hasWrk } from '../client/wrk.js'
import { type Bench, type Row, Skipped } from '../harness/bench.js'
import type { Figure } from '../harness/figure.js'
import { column, cpuOf, interleave, problemsOf, ratios } from '../harness/interleave.js'
import { measureSends } from './sending.js'

/** Accepted sends a second of the original, measured at 100 connections over 100 streams against three brokers on such a machine. */
const original = { connections: 100, perSecond: 81 }

async function runLevel(bench: Bench, connections: number): Promise<Figure[]> {
  const samples = await interleave(bench, ['millrace', 'floor'], measureSends(bench, connections))
  const [millrace = [], floor = []] = [...samples.values()]
  const [row, problems, cpu] = ['sends', problemsOf(millrace), cpuOf(millrace)]
  const perSecond = column(millrace, 'perSecond')
  const name = (what: string): string => `${what}, ${connections} connections`
  const figures: Figure[] = [
    {
      row,
      name: name('durable sends'),
      unit: '/s',
      repeats: perSecond,
      problems,
      cpu,
      note: 'draining inside the clock',
    },
    {
      ...{ row, name: name('against the floor'), unit: '×', target: { atLeast: 0.7 } },
      repeats: ratios(millrace, floor, 'perSecond'),
      cpu: cpuOf(floor.concat(millrace)),
      problems: [...problems, ...problemsOf(floor)],
    },
    { row, name: name('ack, p50'), unit: 'ms', repeats: column(millrace, 'p50Ms'), problems },
    { row, name: name('ack, p99'), unit: 'ms', repeats: column(millrace, 'p99Ms'), problems },
    { row, name: name('floor'), unit: '/s', repeats: column(floor, 'perSecond'), problems: [], cpu: cpuOf(floor) },
    { row, name: name('floor, ack, p50'), unit: 'ms', repeats: column(floor, 'p50Ms'), problems: [] },
  ]
  if (connections !== original.connections) return figures
  const repeats = perSecond.map((value) => value / original.perSecond)
  const note = `the original: ${original.perSecond}/s`
  figures.push({ row, name: name('against the original'), unit: '×', repeats, target: { atLeast: 8 }, problems, note })
  return figures
}

export const sendsOnKafka: Row = {
  name: 'sends',
  title: 'durable single sends, against the floor and the original',
  limitMinutes: 20,
  async run(bench) {
    if (!hasWrk()) throw new Skipped('wrk is not installed')
    const figures: Figure[] = []
    for (const connections of bench.settings.sends.connections) {
      bench.progress(`${connections} connections over as many streams`)
      figures.push(...(await runLevel(bench, connections)))
    }
    return figures
  },
}
