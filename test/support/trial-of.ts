import { Ajv } from 'ajv'
import { Trial, type InputRecord, type ProcessorClass, type RecordProcessor, type TrialResult } from '#libs/processor'
import type { Random } from './random.js'

type ProcessorType = new () => RecordProcessor

/** A trial of a processor with options as a stream's start takes them: checked, and with defaults filled in. */
export function trialOf(type: ProcessorType, options: Readonly<Record<string, unknown>>): Trial {
  const filled = filledIn(type, options)
  const processor = new type()
  processor.check?.(filled)
  return new Trial(processor, filled)
}

/** @throws Error if the schema of the processor's options refuses them */
export function filledIn(type: ProcessorType, options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { processor } = type as unknown as ProcessorClass
  const filled = structuredClone(options)
  const ajv = new Ajv({ useDefaults: true, strict: true })
  if (!ajv.validate(processor.options ?? {}, filled)) throw new Error(ajv.errorsText())
  return filled
}

/** A run of a stream that is cut into batches at random, with restarts and with time that passes between them. */
export function runInPieces(
  type: ProcessorType,
  options: Readonly<Record<string, unknown>>,
  records: readonly InputRecord[],
  random: Random,
): { readonly results: TrialResult[]; readonly trial: Trial } {
  let trial = trialOf(type, options)
  const results: TrialResult[] = []
  for (let from = 0; from < records.length;) {
    const batch = records.slice(from, (from += random.int(1, 5)))
    if (random.chance(0.3)) trial = trial.restart(new type())
    if (random.chance(0.3)) results.push(...trial.passTime(batch[0]?.at ?? 0))
    results.push(...trial.sendEach(batch))
  }
  results.push(...trial.end())
  return { results, trial }
}

export const stateBytes = (trial: Trial): number =>
  [...trial.state].reduce((sum, row) => sum + Buffer.byteLength(row.join('')), 0)
