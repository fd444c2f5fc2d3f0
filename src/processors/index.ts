import type { Processor } from './processor.js'
import { identity } from './identity.js'
import { uppercase } from './uppercase.js'

/** The processors there are, by name. */
export const PROCESSORS: ReadonlyMap<string, Processor> = new Map(
  [uppercase, identity].map((processor) => [processor.name, processor]),
)
