import type { JsonSchema } from '#libs/processor'
import { fieldOption, msOption, optionsSchema } from '../options.js'
import { AGGREGATES, type Aggregate } from './summaries.js'

export interface WindowOptions {
  readonly kind: 'tumbling' | 'sliding' | 'session'
  readonly size_ms?: number
  readonly slide_ms?: number
  readonly gap_ms?: number
  readonly aggregates: readonly Aggregate[]
  readonly value_field?: string
  readonly key_field?: string
  readonly max_groups: number
  readonly time_field?: string
  readonly allowed_lateness_ms?: number
  readonly idle_close_ms?: number
  readonly max_ahead_ms?: number
  readonly late?: 'drop' | 'result'
}

/** What holds where these options, which need a `time_field`, are not given. */
export const EVENT_TIME_DEFAULTS = {
  allowed_lateness_ms: 0,
  idle_close_ms: 60_000,
  max_ahead_ms: 86_400_000,
  late: 'drop',
} as const

/** Most results that come of one record, with one more for the record itself: by default the server allows 1,000. */
export const MOST_AT_ONCE = 999

export const maxGroups: JsonSchema = {
  description: 'Most groups that have open windows at once. A record of one more is an error.',
  type: 'integer',
  minimum: 1,
  maximum: MOST_AT_ONCE,
  default: 100,
}

export const WINDOW_SCHEMA = optionsSchema(
  {
    kind: {
      description:
        'tumbling: one window after the other. sliding: windows that overlap. session: records with no gap between them.',
      enum: ['tumbling', 'sliding', 'session'],
    },
    size_ms: msOption('Length of a window; for tumbling and sliding ones.'),
    slide_ms: msOption('From the start of a sliding window to the start of the next: size_ms is a multiple of it.'),
    gap_ms: msOption('A session ends where nothing came for this long.'),
    aggregates: {
      description: 'What is told of the values of a window.',
      type: 'array',
      items: { enum: AGGREGATES },
      minItems: 1,
      uniqueItems: true,
      default: ['count'],
    },
    value_field: fieldOption('The number that is aggregated; not needed for count and per_second.'),
    key_field: fieldOption('What records are grouped by: a text, number or boolean. Without it there is one group.'),
    max_groups: maxGroups,
    time_field: fieldOption(
      'When it happened, in ms since 1970 or as an ISO time with its zone. Without it the time of arrival counts.',
    ),
    allowed_lateness_ms: msOption(
      `How far a record may lie behind the newest one and still be counted; only with time_field. Default: ${EVENT_TIME_DEFAULTS.allowed_lateness_ms}.`,
      { minimum: 0 },
    ),
    idle_close_ms: msOption(
      `What is open is closed when no data arrived for this long; only with time_field. Default: ${EVENT_TIME_DEFAULTS.idle_close_ms}.`,
    ),
    max_ahead_ms: msOption(
      `A record that claims to be this much later than its arrival is an error; only with time_field. Default: ${EVENT_TIME_DEFAULTS.max_ahead_ms}.`,
    ),
    late: {
      description: `What comes of a late record: nothing, or a result of its own; only with time_field. Default: ${EVENT_TIME_DEFAULTS.late}.`,
      enum: ['drop', 'result'],
    },
  },
  'kind',
)
