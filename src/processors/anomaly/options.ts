import { fieldOption, optionsSchema } from '../options.js'

export interface AnomalyOptions {
  readonly value_field: string
  readonly key_field?: string
  readonly max_groups: number
  readonly method: 'zscore' | 'ewma'
  readonly window_records: number
  readonly alpha: number
  readonly threshold: number
  readonly warm_up_records: number
  readonly emit: 'flagged' | 'all'
}

export const ANOMALY_SCHEMA = optionsSchema(
  {
    value_field: fieldOption('The number that is watched.'),
    key_field: fieldOption('What is watched apart: a text, number or boolean. Without it all records are one group.'),
    max_groups: {
      description:
        'So many groups are remembered, those that were seen last. With more, others are forgotten and begin anew.',
      type: 'integer',
      minimum: 1,
      maximum: 500,
      default: 100,
    },
    method: {
      description: 'zscore: against the last window_records values. ewma: against all values, of which old ones fade.',
      enum: ['zscore', 'ewma'],
      default: 'zscore',
    },
    window_records: {
      description: 'How many values of a group zscore looks back.',
      type: 'integer',
      minimum: 2,
      maximum: 1_000,
      default: 40,
    },
    alpha: {
      description: 'The weight of the newest value for ewma: the larger, the sooner old ones fade.',
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.1,
    },
    threshold: {
      description: 'A value is flagged that lies at least this many standard deviations from the mean.',
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 1_000_000,
      default: 3,
    },
    warm_up_records: {
      description: 'So many values of a group are only learnt from.',
      type: 'integer',
      minimum: 2,
      maximum: 1_000,
      default: 10,
    },
    emit: {
      description: 'Which records give a result: flagged ones, or all.',
      enum: ['flagged', 'all'],
      default: 'flagged',
    },
  },
  'value_field',
)
