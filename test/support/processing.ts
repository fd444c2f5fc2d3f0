import type { DiscoveryService } from '@nestjs/core'

import {
  DEFAULT_STATE_LIMITS,
  failedOutcome,
  run,
  type Input,
  type Outcome,
  type ProcessorClass,
  type RecordProcessor,
} from '#libs/processor'
import { readConfig } from '../../src/config/config.js'
import type { BatchHandler } from '../../src/processing/batch.js'
import { Identity } from '../../src/processors/identity.js'
import type { Outside } from '../../src/processors/outside.js'
import { Processors } from '../../src/processors/processors.js'
import { Uppercase } from '../../src/processors/uppercase.js'

/** Each record's text is its result, with nothing around it. */
export const echo: BatchHandler = (batch) =>
  Promise.resolve(
    batch.map(({ inputs }) => ({
      outcomes: inputs.map((input) => ({ lines: input.kind === 'record' ? [input.text] : [], timer: undefined })),
      again: true,
    })),
  )

/** The same, but records that are texts fail. */
export const failing: BatchHandler = (batch) =>
  Promise.resolve(batch.map(({ inputs }) => ({ outcomes: inputs.map(outcomeOf), again: true })))

function outcomeOf(input: Input): Outcome {
  if (input.kind !== 'record') return { lines: [], timer: undefined }
  if (!input.text.startsWith('"')) return { lines: [input.text], timer: undefined }
  return failedOutcome('processor_failed', undefined)
}

/** Runs `processor` for all streams, as the host does. @param together see {@link RunLimits} */
export function running(processor: RecordProcessor, maxCommitChars = 100_000, together = Infinity): BatchHandler {
  const limits = { state: DEFAULT_STATE_LIMITS, results: 1_000, chars: maxCommitChars, together }
  const { deterministic: again = false, stateVersion = 1 } =
    (processor.constructor as Partial<ProcessorClass>).processor ?? {}
  return (batch) =>
    Promise.resolve(batch.map((work) => ({ outcomes: run(processor, stateVersion, work, limits), again })))
}

const NOTHING_OUTSIDE: Outside = { processors: [], check: () => Promise.resolve(undefined) }

/** What finds the two simplest built-in ones, as if they were providers of an application, and those from outside. */
export function processorsOf(outside = NOTHING_OUTSIDE): Processors {
  const providers = [Identity, Uppercase].map((metatype) => ({ metatype, instance: new metatype() }))
  return new Processors({ getProviders: () => providers } as unknown as DiscoveryService, outside, readConfig({}))
}
