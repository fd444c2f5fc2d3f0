import type { RecordProcessor } from '#libs/processor'
import { Anomaly } from './anomaly/anomaly.js'
import { Dedupe } from './dedupe.js'
import { Identity } from './identity.js'
import { Filter } from './jsonata/filter.js'
import { Jsonata } from './jsonata/jsonata.js'
import { Rate } from './rate.js'
import { Uppercase } from './uppercase.js'
import { Window } from './window/window.js'

/** The processors that come with Millrace. */
export const BUILT_IN = [
  Anomaly,
  Dedupe,
  Filter,
  Identity,
  Jsonata,
  Rate,
  Uppercase,
  Window,
] satisfies readonly (new () => RecordProcessor<never>)[]
