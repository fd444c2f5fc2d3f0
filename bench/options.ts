import { parseArgs } from 'node:util'

const engines = ['embedded', 'kafka'] as const

export type EngineName = (typeof engines)[number]

export interface Options {
  readonly engine: EngineName
  readonly quick: boolean
  /** Names of the rows to run; empty for all. */
  readonly only: readonly string[]
  readonly out: string
  readonly program: string | undefined
}

export const usage = `npm run bench -- [--engine ENGINE] [--quick] [--only ROW[,ROW…]] [--out FILE] [--program FILE]
  --engine   embedded (the default), or kafka: on three brokers of its own
  --quick    the short form, minutes instead of tens of minutes
  --only     some rows: sends, ndjson, processors, fan-out, latency, neighbours, original, stored, memory, windows;
             on kafka: sends, ndjson, latency, replicas
  --out      where the JSON goes (bench/results/latest.json)
  --program  another build to measure in Millrace's place (dist/bundle/program/main.js)`

/** @throws TypeError about an option that does not exist, or an engine */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      engine: { type: 'string', default: 'embedded' },
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      out: { type: 'string', default: 'bench/results/latest.json' },
      program: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const only = values.only.flatMap((names) => names.split(','))
  const engine = engines.find((name) => name === values.engine)
  if (engine === undefined) throw new TypeError(`no engine is named ${values.engine}\n${usage}`)
  return { engine, quick: values.quick, only, out: values.out, program: values.program }
}
