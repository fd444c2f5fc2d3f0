import { isFirstOfItsId, isOutlier, type Reading, readingOf } from '../client/reading.js'

/** What must come of readings: of each by itself, or of all together when the stream has ended. */
export type Expected =
  | {
      readonly of: 'each'
      /** Whether the reading has a result; without it each has one. */
      readonly keeps?: (n: number) => boolean
      /** What must be equal in the result, which may have more members. */
      readonly result: (reading: Reading) => object
    }
  /** The `count` of all results adds up to the number of readings. */
  | { readonly of: 'all' }

export interface ProcessorCase {
  /** In the table. */
  readonly name: string
  readonly processor: string
  readonly options?: object
  readonly expected: Expected
  /** Of the speed of `identity`. */
  readonly atLeast?: number
}

const windows = {
  kind: 'tumbling',
  key_field: 'sensor',
  value_field: 'value',
  aggregates: ['count', 'mean', 'max'],
  max_groups: 100,
}

const itself = (reading: Reading): object => reading
const shouted = (reading: Reading): object => ({
  ...reading,
  id: reading.id.toUpperCase(),
  sensor: reading.sensor.toUpperCase(),
  text: reading.text.toUpperCase(),
})

export const identity: ProcessorCase = {
  name: 'identity',
  processor: 'identity',
  expected: { of: 'each', result: itself },
}

/** Each is measured beside `identity`. */
export const cases: readonly ProcessorCase[] = [
  { name: 'uppercase', processor: 'uppercase', expected: { of: 'each', result: shouted }, atLeast: 0.95 },
  {
    name: 'filter',
    processor: 'filter',
    options: { expression: 'value >= 22' },
    expected: { of: 'each', keeps: (n) => readingOf(n).value >= 22, result: itself },
  },
  {
    name: 'jsonata',
    processor: 'jsonata',
    options: { expression: '{"sensor": sensor, "fahrenheit": value * 1.8 + 32}' },
    expected: { of: 'each', result: ({ sensor, value }) => ({ sensor, fahrenheit: value * 1.8 + 32 }) },
  },
  // A second is short for a window, and so all that closing costs is in the figure.
  {
    name: 'window, 100 groups',
    processor: 'window',
    options: { ...windows, size_ms: 1000 },
    expected: { of: 'all' },
    atLeast: 0.6,
  },
  {
    name: 'window, 100 groups, time_field',
    processor: 'window',
    options: { ...windows, size_ms: 60_000, time_field: 'time' },
    expected: { of: 'all' },
  },
  {
    name: 'anomaly, 100 groups',
    processor: 'anomaly',
    options: { value_field: 'value', key_field: 'sensor' },
    expected: {
      of: 'each',
      keeps: isOutlier,
      result: ({ sensor, value }) => ({ key: sensor, value, anomaly: true }),
    },
  },
  {
    name: 'dedupe',
    processor: 'dedupe',
    options: { key_field: 'id', within_ms: 60_000 },
    expected: { of: 'each', keeps: isFirstOfItsId, result: itself },
  },
  { name: 'rate', processor: 'rate', expected: { of: 'all' } },
  { name: "a user's", processor: 'shout', expected: { of: 'each', result: shouted }, atLeast: 0.4 },
]
