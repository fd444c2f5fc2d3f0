import { parseArgs } from 'node:util'

export interface Options {
  readonly quick: boolean
  /** Names of the faults to run; empty for all. */
  readonly only: readonly string[]
  readonly seed: number
  readonly program: string | undefined
}

export const usage = `npm run faults -- [--quick] [--only FAULT[,FAULT…]] [--seed N] [--program FOLDER]
  --quick    the short form, about two minutes: some faults, fewer rounds
  --only     some faults by name
  --seed     of all choices that are made; printed by every run
  --program  a folder with another build's dist, such as one with a fault planted`

/** @throws TypeError about an option that does not exist */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string' },
      program: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32))
  if (!Number.isSafeInteger(seed)) throw new TypeError(`--seed is no whole number\n${usage}`)
  return { quick: values.quick, only: values.only.flatMap((names) => names.split(',')), seed, program: values.program }
}
