import { DEFAULT_STATE_LIMITS, OptionsError } from '#libs/processor'
import { KEY_BYTES, keyReader, numberReader } from '../fields.js'
import { timeReader } from '../times.js'
import { FixedWindows } from './fixed-windows.js'
import { GROUP_BYTES, SLICE_BYTES } from './groups.js'
import { EVENT_TIME_DEFAULTS, MOST_AT_ONCE, type WindowOptions } from './options.js'
import { SessionWindows } from './session-windows.js'
import type { Slicing } from './slices.js'
import { BIN_BYTES } from './sketch.js'
import { Summaries } from './summaries.js'

/** What is done to the records of a stream with some options. */
export interface WindowPlan {
  readonly slicing: Slicing
  readonly summaries: Summaries
  readonly maxGroups: number
  readonly keyOf: (value: unknown) => string
  /** The number that is aggregated. */
  readonly amountOf: (value: unknown) => number
  /** Undefined where the time of arrival counts. */
  readonly eventTime:
    | {
        readonly timeOf: (value: unknown) => number
        readonly latenessMs: number
        readonly idleMs: number
        readonly aheadMs: number
        readonly lateResults: boolean
      }
    | undefined
}

/** Windows that one record can be in: each is a result when they close. */
const MOST_OVERLAPPING = 100

/** Fewer bins tell nothing of a quantile. */
const FEWEST_BINS = 32

/** More make a quantile no better: 16 powers of two, at the full 64 bins for each. */
const MOST_BINS = 1_024

/** What the groups may take of the state; the rest is for the clock. */
const { valueBytes: MOST_OF_GROUP, streamBytes } = DEFAULT_STATE_LIMITS
const MOST_OF_GROUPS = streamBytes - 1_024

/** @throws OptionsError for options that do not go together, or whose groups could be more than a stream may remember */
export function windowPlan(options: WindowOptions): WindowPlan {
  const eventTime = eventTimeOf(options)
  const slicing = slicingOf(options, eventTime?.latenessMs ?? 0)
  const summaries = summariesOf(options, slicing)
  const { value_field: valueField } = options
  if (valueField === undefined && summaries.ofValues)
    throw new OptionsError('value_field', 'is needed for these aggregates.')
  return {
    slicing,
    summaries,
    maxGroups: mostGroups(options),
    keyOf: keyReader(options.key_field),
    amountOf: valueField === undefined ? () => 0 : numberReader(valueField),
    eventTime,
  }
}

function eventTimeOf(options: WindowOptions): WindowPlan['eventTime'] {
  const { time_field: timeField } = options
  const names = ['allowed_lateness_ms', 'idle_close_ms', 'max_ahead_ms', 'late'] as const
  if (timeField === undefined) {
    for (const name of names) if (options[name] !== undefined) throw new OptionsError(name, 'needs time_field.')
    return undefined
  }
  const given = { ...EVENT_TIME_DEFAULTS, ...options }
  return {
    timeOf: timeReader(timeField),
    latenessMs: given.allowed_lateness_ms,
    idleMs: given.idle_close_ms,
    aheadMs: given.max_ahead_ms,
    lateResults: given.late === 'result',
  }
}

function slicingOf(options: WindowOptions, latenessMs: number): Slicing {
  const { kind, size_ms: size, slide_ms: slide, gap_ms: gap } = options
  const own = { tumbling: ['size_ms'], sliding: ['size_ms', 'slide_ms'], session: ['gap_ms'] }[kind]
  for (const name of ['size_ms', 'slide_ms', 'gap_ms'] as const) {
    if (own.includes(name) && options[name] === undefined)
      throw new OptionsError(name, `is needed for ${kind} windows.`)
    if (!own.includes(name) && options[name] !== undefined) throw new OptionsError(name, `is not for ${kind} windows.`)
  }
  if (kind === 'session') return new SessionWindows(gap ?? 0, latenessMs)
  const [sizeMs, slideMs] = [size ?? 0, slide ?? size ?? 0]
  if (sizeMs % slideMs !== 0) throw new OptionsError('size_ms', 'must be a multiple of slide_ms.')
  if (sizeMs / slideMs > MOST_OVERLAPPING)
    throw new OptionsError('slide_ms', `is too small: ${MOST_OVERLAPPING} windows may overlap.`)
  return new FixedWindows(sizeMs, slideMs, latenessMs)
}

const mostGroups = ({ key_field, max_groups }: WindowOptions): number => (key_field === undefined ? 1 : max_groups)

/** Summaries that fit into the state, however many groups and slices there are. */
function summariesOf(options: WindowOptions, { most }: Slicing): Summaries {
  const { aggregates } = options
  const maxGroups = mostGroups(options)
  const plain = new Summaries(aggregates)
  const sliceBytes = SLICE_BYTES + plain.bytes
  const keys = most.slices > 1 ? 2 : 1
  const groupBytes = (slice: number): number => GROUP_BYTES + keys * KEY_BYTES + most.slices * slice
  const fewest = sliceBytes + (plain.withQuantiles ? FEWEST_BINS * BIN_BYTES : 0)
  const groups = Math.min(
    Math.floor(MOST_AT_ONCE / most.windows),
    groupBytes(fewest) > MOST_OF_GROUP ? 0 : Math.floor(MOST_OF_GROUPS / groupBytes(fewest)),
  )
  if (groups === 0) throw new OptionsError('kind', 'A group would have too many open windows at once.')
  if (maxGroups > groups)
    throw new OptionsError('max_groups', `is at most ${groups} with these windows and aggregates.`)
  const share = Math.min(MOST_OF_GROUP, Math.floor(MOST_OF_GROUPS / maxGroups))
  const spare = (share - groupBytes(sliceBytes)) / most.slices
  return new Summaries(aggregates, Math.min(MOST_BINS, Math.floor(spare / BIN_BYTES)))
}
