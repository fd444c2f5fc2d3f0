import fc from 'fast-check'
import { DEFAULT_STATE_LIMITS, OptionsError, type InputRecord, type TrialResult } from '#libs/processor'
import { announcedSeed, seeded } from '../../../test/support/random.js'
import { filledIn, runInPieces, stateBytes, trialOf } from '../../../test/support/trial-of.js'
import { Anomaly } from './anomaly.js'

const seed = announcedSeed('anomaly.spec')

interface Reading {
  readonly key: string
  readonly value: number
}

const readings = fc
  .array(
    fc.tuple(
      fc.constantFrom('a', 'b'),
      fc.oneof(fc.integer({ min: 0, max: 3 }), fc.double({ min: -1e9, max: 1e9, noNaN: true })),
    ),
    { maxLength: 60 },
  )
  .map((rows) => rows.map(([key, value], at): InputRecord<Reading> => ({ at, value: { key, value: value + 0 } })))

const zscore = fc.record({
  method: fc.constant('zscore' as const),
  window_records: fc.integer({ min: 6, max: 20 }),
  threshold: fc.double({ min: 0.5, max: 5, noNaN: true }),
  warm_up_records: fc.integer({ min: 2, max: 6 }),
})

const ewma = fc.record({
  method: fc.constant('ewma' as const),
  alpha: fc.double({ min: 0.01, max: 0.9, noNaN: true }),
  threshold: fc.double({ min: 0.5, max: 5, noNaN: true }),
  warm_up_records: fc.integer({ min: 2, max: 6 }),
})

interface Options {
  readonly method: 'zscore' | 'ewma'
  readonly window_records?: number
  readonly alpha?: number
}

/** Mean and variance before a value, worked out from the list of all values of its group before it. */
function usual(
  before: readonly number[],
  { method, window_records = 0, alpha = 0 }: Options,
): [mean: number, variance: number] {
  const used = method === 'zscore' ? before.slice(-window_records) : before
  // A value weighs alpha times what those after it leave; the first weighs all that is left.
  const weights = used.map((_, index) =>
    method === 'zscore' ? 1 / used.length : (index === 0 ? 1 : alpha) * (1 - alpha) ** (used.length - 1 - index),
  )
  const weighed = (of: (value: number) => number): number =>
    used.reduce((sum, value, index) => sum + (weights[index] ?? 0) * of(value), 0)
  const mean = weighed((value) => value)
  return [mean, weighed((value) => (value - mean) ** 2)]
}

interface Judged extends Reading {
  readonly mean: number | null
  readonly stddev: number | null
  readonly score: number | null
  readonly anomaly: boolean
}

const dataOf = (results: readonly TrialResult[]): Judged[] =>
  results.map((result) => {
    if (!('data' in result)) throw new Error(`The result is the error ${result.error}.`)
    return result.data as Judged
  })

describe('anomaly', () => {
  it.each([
    ['the last values', zscore],
    ['all values, of which old ones fade', ewma],
  ])('judges a value by the mean and spread of %s of its group', (_by, options) => {
    fc.assert(
      fc.property(options, readings, (given, records) => {
        const trial = trialOf(Anomaly, { ...given, value_field: 'value', key_field: 'key', emit: 'all' })
        const judged = dataOf(trial.sendEach(records))
        expect(judged).toHaveLength(records.length)
        for (const [index, { value: sent }] of records.entries()) {
          const before = records
            .slice(0, index)
            .flatMap(({ value: { key, value } }) => (key === sent.key ? [value] : []))
          const { mean = NaN, stddev = NaN, score, anomaly, ...same } = judged[index] ?? ({} as Partial<Judged>)
          expect(same).toEqual(sent)
          if (before.length < given.warm_up_records) {
            expect([mean, stddev, score, anomaly]).toEqual([null, null, null, false])
            continue
          }
          const [exactMean, variance] = usual(before, given)
          const scale = 1e-9 * (1 + Math.max(...before.map(Math.abs)))
          expect(Math.abs((mean ?? NaN) - exactMean)).toBeLessThanOrEqual(scale)
          expect(Math.abs((stddev ?? NaN) ** 2 - variance)).toBeLessThanOrEqual(
            scale * (1 + Math.max(...before.map(Math.abs))),
          )
          const isFar = typeof score !== 'number' ? sent.value !== mean : Math.abs(score) >= given.threshold
          expect(anomaly).toBe(isFar)
        }
      }),
      { seed },
    )
  })

  it('gives flagged records only, the same in any batches and with restarts', () => {
    fc.assert(
      fc.property(fc.oneof(zscore, ewma), readings, fc.integer(), (given, records, choices) => {
        const options = { ...given, value_field: 'value', key_field: 'key' }
        const all = dataOf(trialOf(Anomaly, { ...options, emit: 'all' }).sendEach(records))
        const { results } = runInPieces(Anomaly, options, records, seeded(choices))
        expect(dataOf(results)).toEqual(all.filter(({ anomaly }) => anomaly))
      }),
      { seed },
    )
  })

  it('flags what differs from values that are all the same, however little', () => {
    const trial = trialOf(Anomaly, { value_field: 'v' })
    const same = Array.from({ length: 30 }, () => ({ v: 0.1 }))
    expect(trial.send([...same, { v: 0.100001 }])).toEqual([
      { data: { value: 0.100001, mean: 0.1, stddev: 0, score: null, anomaly: true } },
    ])
  })

  it.each([{}, { v: 'x' }, { v: null }, { v: 2e100 }, 7])(
    'gives an error for %j, and learns nothing from it',
    (bad) => {
      const trial = trialOf(Anomaly, { value_field: 'v' })
      expect(trial.send([bad])).toEqual([{ error: 'processor_failed' }])
      expect(trial.state.size).toBe(0)
    },
  )

  it.each([
    { method: 'zscore', window_records: 50, max_groups: 90 },
    { method: 'ewma', max_groups: 500 },
  ])('has room for as many groups as it allows, and forgets those that it saw longest ago: %j', (given) => {
    const trial = trialOf(Anomaly, { ...given, value_field: 'v', key_field: 'k', emit: 'all', warm_up_records: 2 })
    const group = (index: number): string => `${index}`.padStart(62, 'é')
    for (let round = 0; round < 60; round++) {
      const sent = Array.from({ length: given.max_groups }, (_, index) => ({ k: group(index), v: round / 7e9 }))
      expect(trial.send(sent).every((result) => 'data' in result)).toBe(true)
      expect(stateBytes(trial)).toBeLessThan(DEFAULT_STATE_LIMITS.streamBytes)
    }
    const recent = dataOf(trial.send([{ k: group(given.max_groups - 1), v: 1 }]))
    expect(recent).toMatchObject([{ anomaly: true }])
    const others = Array.from({ length: 3 * given.max_groups }, (_, index) => ({ k: `other ${index}`, v: 1 }))
    trial.send(others)
    expect(dataOf(trial.send([{ k: group(0), v: 1 }]))).toMatchObject([{ score: null, anomaly: false }])
  })

  it.each([
    ['warm_up_records', { window_records: 5 }],
    ['max_groups', { window_records: 1_000, key_field: 'k' }],
  ])('refuses options that do not go together, and names %s', (field, options) => {
    let refused: unknown
    try {
      new Anomaly().check(filledIn(Anomaly, { value_field: 'v', ...options }) as never)
    } catch (error) {
      refused = error
    }
    expect(refused).toBeInstanceOf(OptionsError)
    expect(refused).toMatchObject({ field })
  })
})
