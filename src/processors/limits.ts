import type { RunLimits } from '#libs/processor'
import type { Config } from '../config/schema.js'

/** What one input may give and leave behind, wherever its processor runs. */
export const limitsOf = (config: Config): RunLimits => ({
  state: { valueBytes: config.maxStateValueBytes, streamBytes: config.maxStateBytes },
  results: config.maxResultsPerRecord,
  chars: config.maxCommitBytes,
  together: 2 * config.maxCommitBytes,
})
