import type { ProcessorIdentity } from '#libs/processor'
import type { Isolation } from '../isolation/isolation.js'
import type { Description, Refusal } from '../isolation/messages.js'
import { ProcessorError } from '../isolation/processor-error.js'
import { KnownProcessor } from './known-processor.js'

/** Provider token of {@link Outside}. */
export const OUTSIDE = Symbol('Outside')

/** What runs in processes of its own, as the server knows it. */
export interface Outside {
  /** Those that did not come with Millrace. */
  readonly processors: readonly KnownProcessor[]
  check(processor: string, options: unknown): Promise<Refusal | undefined>
}

/** What a processor may be called. */
export const NAME = /^[A-Za-z0-9._-]{1,128}$/

/** What each setting has to be. One that is misspelt must not be a default that goes unnoticed. */
const SETTINGS: Readonly<Record<keyof ProcessorIdentity, (value: unknown) => boolean>> = {
  name: (value) => typeof value === 'string' && NAME.test(value),
  description: (value) => typeof value === 'string',
  options: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  deterministic: (value) => typeof value === 'boolean',
  safe: (value) => typeof value === 'boolean',
  stateVersion: (value) => Number.isSafeInteger(value) && Number(value) >= 1,
}

/** The processors from outside, none of whose code runs in this process. @throws ProcessorError for settings that are none */
export function knownOutside(descriptions: readonly Description[], isolation: Isolation): Outside {
  const check = (processor: string, options: unknown): Promise<Refusal | undefined> =>
    isolation.check(processor, options)
  const processors = descriptions
    .filter(({ file }) => file !== undefined)
    .map(({ settings, runs, checks }) => {
      const identity = checkedSettings(settings, runs)
      const { name } = identity
      const known = new KnownProcessor(identity, undefined, checks ? (options) => check(name, options) : undefined)
      try {
        known.compile()
        return known
      } catch (error) {
        throw bad(name, `its options are no JSON Schema: ${error instanceof Error ? error.message : ''}`)
      }
    })
  return { processors, check }
}

function checkedSettings(settings: unknown, runs: boolean): ProcessorIdentity {
  const given = (typeof settings === 'object' && settings !== null ? settings : {}) as Record<string, unknown>
  const name = typeof given.name === 'string' ? given.name : ''
  if (!NAME.test(name)) throw new ProcessorError(`PROCESSORS: "${name}" is no name for a processor.`)
  if (!runs) throw bad(name, 'it has no method "process".')
  for (const [key, value] of Object.entries(given)) {
    const isGood = Object.hasOwn(SETTINGS, key) ? SETTINGS[key as keyof ProcessorIdentity] : undefined
    if (isGood === undefined) throw bad(name, `there is no setting "${key}".`)
    if (!isGood(value)) throw bad(name, `"${key}" is not what it should be.`)
  }
  return given as unknown as ProcessorIdentity
}

const bad = (name: string, problem: string): ProcessorError => new ProcessorError(`PROCESSORS: "${name}": ${problem}`)
