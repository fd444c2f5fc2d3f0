import type { Row } from '../harness/bench.js'
import type { EngineName } from '../options.js'
import { fanOut } from './fan-out.js'
import { latency } from './latency.js'
import { memory } from './memory.js'
import { ndjson } from './ndjson.js'
import { neighbours } from './neighbours.js'
import { original } from './original.js'
import { processors } from './processors.js'
import { replicas } from './replicas.js'
import { sendsOnKafka } from './sends-on-kafka.js'
import { sends } from './sends.js'
import { stored } from './stored.js'
import { windows } from './windows.js'

/** In the order of running: what needs a quiet client process comes before what fills it with sockets. */
export const rowsOf: Readonly<Record<EngineName, readonly Row[]>> = {
  embedded: [
    sends,
    ndjson({ perSecond: 60_000, againstFloor: 0.6 }),
    processors,
    fanOut,
    latency({ p50AgainstFloor: 1, p99Ms: 20 }),
    neighbours,
    original,
    stored,
    memory,
    windows,
  ],
  kafka: [sendsOnKafka, ndjson({ againstFloor: 0.7 }), latency({ p50AgainstFloor: 1.3 }), replicas],
}
