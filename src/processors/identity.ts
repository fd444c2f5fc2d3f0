import type { Processor } from './processor.js'

/** Each record is its own result. */
export const identity: Processor = { name: 'identity', process: (value) => value }
