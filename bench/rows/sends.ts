import { hasWrk } from '../client/wrk.js'
import { type Row, Skipped } from '../harness/bench.js'
import type { Figure } from '../harness/figure.js'
import { column, cpuOf, interleave, problemsOf, ratios } from '../harness/interleave.js'
import { measureSends } from './sending.js'

export const sends: Row = {
  name: 'sends',
  title: 'durable single sends, 128 connections, against routes that do nothing',
  limitMinutes: 10,
  async run(bench) {
    if (!hasWrk()) throw new Skipped('wrk is not installed')
    const [connections = 0] = bench.settings.sends.connections
    const measure = measureSends(bench, connections)
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
