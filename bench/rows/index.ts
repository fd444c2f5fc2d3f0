import type { Row } from '../harness/bench.js'
import { fanOut } from './fan-out.js'
import { latency } from './latency.js'
import { memory } from './memory.js'
import { ndjson } from './ndjson.js'
import { original } from './original.js'
import { sends } from './sends.js'
import { stored } from './stored.js'

/** In the order of running: what needs a quiet client process comes before what fills it with sockets. */
export const rows: readonly Row[] = [sends, ndjson, fanOut, latency, original, stored, memory]
