import { parseArgs } from 'node:util'

export interface Options {
  readonly quick: boolean
  /** Names of the rows to run; empty for all. */
  readonly only: readonly string[]
  readonly out: string
  readonly program: string | undefined
}

export const usage = `npm run bench -- [--quick] [--only ROW[,ROW…]] [--out FILE] [--program FILE]
  --quick    the short form, under three minutes
  --only     some rows: sends, ndjson, fan-out, latency, original, stored, memory
  --out      where the JSON goes (bench/results/latest.json)
  --program  another build to measure in Millrace's place (dist/src/main.js)`

/** @throws TypeError about an option that does not exist */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      out: { type: 'string', default: 'bench/results/latest.json' },
      program: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const only = values.only.flatMap((names) => names.split(','))
  return { quick: values.quick, only, out: values.out, program: values.program }
}
