import {
  DEFAULT_STATE_LIMITS,
  OptionsError,
  Processor,
  type InputRecord,
  type RecordProcessor,
  type StreamContext,
} from '#libs/processor'
import { KEY_BYTES, keyMember, keyReader, numberReader } from '../fields.js'
import { perOptions } from '../per-options.js'
import { Recent } from '../recent.js'
import { FadingValues, LastValues, type Usual } from './baselines.js'
import { ANOMALY_SCHEMA, type AnomalyOptions } from './options.js'

/** Of a number as JSON, with a comma. */
const NUMBER_BYTES = 25

@Processor('anomaly', {
  description: 'Flags numbers that lie far from what is usual, by group.',
  options: ANOMALY_SCHEMA,
  deterministic: true,
  safe: true,
})
export class Anomaly implements RecordProcessor<unknown, unknown, AnomalyOptions> {
  private readonly partsOf = perOptions((options: AnomalyOptions) => ({
    keyOf: keyReader(options.key_field),
    valueOf: numberReader(options.value_field),
    baseline: options.method === 'ewma' ? new FadingValues(options.alpha) : new LastValues(options.window_records),
  }))

  process(record: InputRecord, { options, state }: StreamContext<AnomalyOptions>): readonly object[] {
    const { keyOf, valueOf, baseline } = this.partsOf(options)
    const key = keyOf(record.value)
    const value = valueOf(record.value)
    const recent = new Recent<readonly number[]>(state, options.max_groups)
    const found = recent.find(key)
    const known = found?.value ?? []
    recent.keep(key, baseline.learn(known, value), found)
    const judged = judge(value, baseline.usual(known), options)
    return judged.anomaly || options.emit === 'all' ? [{ ...keyMember(key), value, ...judged }] : []
  }

  check(options: AnomalyOptions): void {
    const { method, window_records, warm_up_records, key_field, max_groups } = options
    if (method === 'ewma') return
    if (warm_up_records > window_records)
      throw new OptionsError('warm_up_records', 'is at most window_records, which is all that is remembered.')
    const groupBytes = KEY_BYTES + 4 + window_records * NUMBER_BYTES
    // There may be twice as many for a while.
    const most = Math.floor((DEFAULT_STATE_LIMITS.streamBytes - 1_024) / (2 * groupBytes))
    if (key_field !== undefined && max_groups > most)
      throw new OptionsError('max_groups', `is at most ${most} with ${window_records} values of each.`)
  }
}

interface Judged {
  readonly mean: number | null
  readonly stddev: number | null
  /** In standard deviations; null while there are too few values, and for what differs from values that are all the same. */
  readonly score: number | null
  readonly anomaly: boolean
}

function judge(value: number, { count, mean, stddev }: Usual, { threshold, warm_up_records }: AnomalyOptions): Judged {
  if (count < warm_up_records) return { mean: null, stddev: null, score: null, anomaly: false }
  if (stddev === 0 && value !== mean) return { mean, stddev, score: null, anomaly: true }
  const score = stddev === 0 ? 0 : (value - mean) / stddev
  return { mean, stddev, score, anomaly: Math.abs(score) >= threshold }
}
