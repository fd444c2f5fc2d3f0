import fc from 'fast-check'
import { DEFAULT_STATE_LIMITS, OptionsError, type InputRecord, type TrialResult } from '#libs/processor'
import { schedules } from '../../../test/support/form.js'
import { naiveWindows, type NaiveOptions, type NaiveRecord } from '../../../test/support/naive-windows.js'
import { announcedSeed, seeded } from '../../../test/support/random.js'
import { filledIn, runInPieces, stateBytes, trialOf } from '../../../test/support/trial-of.js'
import { AGGREGATES } from './summaries.js'
import { Window } from './window.js'

const seed = announcedSeed('window.spec')

const kinds = fc.oneof(
  fc.record({ kind: fc.constant('tumbling' as const), size_ms: fc.integer({ min: 1, max: 40 }) }),
  fc
    .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 6 }))
    .map(([slide_ms, times]) => ({ kind: 'sliding' as const, slide_ms, size_ms: slide_ms * times })),
  fc.record({ kind: fc.constant('session' as const), gap_ms: fc.integer({ min: 1, max: 25 }) }),
)

const common = { key_field: 'key', value_field: 'amount', max_groups: 3, aggregates: AGGREGATES }

const byArrival = kinds.map((kind): NaiveOptions => ({ ...common, ...kind }))

const byEventTime = fc
  .tuple(kinds, fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 40 }), fc.constantFrom('drop', 'result'))
  .map(([kind, allowed_lateness_ms, idle_close_ms, late]): NaiveOptions => ({
    ...common,
    ...kind,
    time_field: 'time',
    allowed_lateness_ms,
    idle_close_ms,
    late,
  }))

/** Records in any order of event times, some without a number, of more groups than may be. */
const records = fc
  .array(
    fc.tuple(
      fc.constantFrom('a', 'b', 'ü', '😀', '～'),
      fc.integer({ min: 0, max: 200 }),
      fc.option(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { freq: 15, nil: undefined }),
      fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.integer({ min: 1, max: 60 }) }),
    ),
    { maxLength: 60 },
  )
  .map((rows) => {
    let at = 1_000
    return rows.map(([key, time, amount, later]): InputRecord<NaiveRecord> => {
      at += later
      return { at, value: { key, time, ...(amount !== undefined && { amount }) } }
    })
  })

/** The same, where sums may be added up in another order and quantiles are within 0.8 %. */
function expectSame(results: readonly TrialResult[], expected: readonly TrialResult[]): void {
  const isAggregate = (name: string): boolean => (AGGREGATES as readonly string[]).includes(name)
  const withoutNumbers = (result: TrialResult): unknown =>
    JSON.stringify(result, (name, value: unknown) => (isAggregate(name) ? 'number' : value))
  expect(results.map(withoutNumbers)).toEqual(expected.map(withoutNumbers))
  for (const [index, result] of results.entries()) {
    const exact = numbersOf(expected[index])
    const largest = Math.max(Math.abs(exact.max ?? 0), Math.abs(exact.min ?? 0))
    for (const [name, value] of Object.entries(numbersOf(result))) {
      const wanted = exact[name] ?? NaN
      // What is smaller than the smallest number with all its digits counts as 0.
      const allowed = /^p\d/.test(name) ? Math.abs(wanted) / 128 + 1e-300 : 1e-7 * (1 + largest)
      expect({ name, value, wanted, isNear: Math.abs(value - wanted) <= allowed }).toMatchObject({ isNear: true })
    }
  }
}

function numbersOf(result: TrialResult | undefined): Record<string, number> {
  const { data = {} } = (result ?? {}) as { data?: object }
  return Object.fromEntries(
    Object.entries(data).filter((member): member is [string, number] => typeof member[1] === 'number'),
  )
}

describe('window', () => {
  it.each([
    ['the time of arrival', byArrival],
    ['a time of the records, in any order', byEventTime],
  ])('gives what working it out from all records gives, by %s', (_by, options) => {
    fc.assert(
      fc.property(options, records, (given, sent) => {
        const trial = trialOf(Window, { ...given })
        expectSame([...trial.sendEach(sent), ...trial.end()], naiveWindows(given, sent))
      }),
      { seed, numRuns: schedules(60) },
    )
  })

  it('gives the same however records are cut into batches, wherever it is restarted, and whether the clock or a record closes', () => {
    fc.assert(
      fc.property(fc.oneof(byArrival, byEventTime), records, fc.integer(), (given, sent, choices) => {
        const trial = trialOf(Window, { ...given })
        const { results } = runInPieces(Window, { ...given }, sent, seeded(choices))
        expect(results).toEqual([...trial.sendEach(sent), ...trial.end()])
      }),
      { seed },
    )
  })

  it('remembers no window and no group once the stream has ended', () => {
    fc.assert(
      fc.property(fc.oneof(byArrival, byEventTime), records, (given, sent) => {
        const { trial } = runInPieces(Window, { ...given }, sent, seeded(seed))
        expect([...trial.state.keys()].filter((key) => key !== 'clock')).toEqual([])
      }),
      { seed },
    )
  })

  it('closes a window of arrival when its time is over, though no data comes', () => {
    const trial = trialOf(Window, { kind: 'tumbling', size_ms: 1_000 })
    expect(trial.send([1, 2, 3], 10_500)).toEqual([])
    expect(trial.passTime(10_999)).toEqual([])
    expect(trial.passTime(11_000)).toEqual([
      { data: { window: { start: '1970-01-01T00:00:10.000Z', end: '1970-01-01T00:00:11.000Z' }, count: 3 } },
    ])
    expect(trial.timer).toBeUndefined()
  })

  it('closes a session when nothing came for its gap', () => {
    const trial = trialOf(Window, { kind: 'session', gap_ms: 1_000 })
    trial.send([1], 10_000)
    trial.send([2], 10_900)
    expect(trial.passTime(11_899)).toEqual([])
    expect(trial.passTime(11_900)).toEqual([
      { data: { window: { start: '1970-01-01T00:00:10.000Z', end: '1970-01-01T00:00:11.900Z' }, count: 2 } },
    ])
  })

  it('closes windows of a time of the records when no data came for idle_close_ms', () => {
    const trial = trialOf(Window, { kind: 'tumbling', size_ms: 1_000, time_field: 'at', idle_close_ms: 5_000 })
    trial.send([{ at: '2026-01-01T00:00:00.100Z' }], 1_770_000_000_000)
    expect(trial.passTime(1_770_000_004_999)).toEqual([])
    expect(trial.passTime(1_770_000_005_000)).toEqual([
      { data: { window: { start: '2026-01-01T00:00:00.000Z', end: '2026-01-01T00:00:01.000Z' }, count: 1, late: 0 } },
    ])
  })

  it('counts late records, says so in each window, and gives them back where that is asked for', () => {
    const options = { kind: 'tumbling', size_ms: 10, time_field: 't', late: 'result' }
    const trial = trialOf(Window, options)
    expect(trial.send([{ t: 5 }, { t: 25 }, { t: 6, why: 'slow' }, { t: 26 }, { t: 31 }], 100)).toEqual([
      { data: { window: { start: iso(0), end: iso(10) }, count: 1, late: 0 } },
      { data: { late_record: { t: 6, why: 'slow' }, late: 1 } },
      { data: { window: { start: iso(20), end: iso(30) }, count: 2, late: 1 } },
    ])
  })

  it('does not let a clock that is ahead close the windows of all others', () => {
    const trial = trialOf(Window, { kind: 'tumbling', size_ms: 10, time_field: 't', max_ahead_ms: 1_000 })
    expect(trial.send([{ t: 100 }, { t: 1_101 }, { t: 101 }], 100)).toEqual([{ error: 'processor_failed' }])
    expect(trial.end()).toMatchObject([{ data: { count: 2, late: 0 } }])
  })

  it('refuses records of more than max_groups groups, and takes them once windows have closed', () => {
    const trial = trialOf(Window, { kind: 'tumbling', size_ms: 10, key_field: 'k', max_groups: 2 })
    expect(trial.send([{ k: 'a' }, { k: 1 }, { k: '1' }], 5)).toEqual([{ error: 'processor_failed' }])
    expect(trial.send([{ k: '1' }], 10)).toMatchObject([{ data: { key: 'a' } }, { data: { key: 1 } }])
  })

  it.each([
    ['a number that is missing', { k: 'a', t: 1 }],
    ['a number that JSON cannot give back', '{"v":1e999,"k":"a","t":1}'],
    ['a key that is missing', { v: 1, t: 1 }],
    ['a key that is too long', { v: 1, t: 1, k: 'x'.repeat(127) }],
    ['a time without a zone', { v: 1, k: 'a', t: '2026-01-01T00:00:00' }],
    ['a time before 1970', { v: 1, k: 'a', t: -1 }],
    ['a record that is no object', 7],
    ['a number that is too large to be summed up', { v: -1.01e100, k: 'a', t: 1 }],
  ])('gives an error for %s, and counts on', (_what, bad) => {
    const trial = trialOf(Window, {
      kind: 'tumbling',
      size_ms: 10,
      aggregates: ['sum'],
      value_field: 'v',
      key_field: 'k',
      time_field: 't',
    })
    const good = { v: 1e100, k: 'a', t: 1 }
    const record: unknown = typeof bad === 'string' ? JSON.parse(bad) : bad
    expect(trial.send([good, record], 5)).toEqual([{ error: 'processor_failed' }])
    expect(trial.end()).toMatchObject([{ data: { sum: 1e100 } }])
  })

  it.each([
    { kind: 'tumbling', size_ms: 1_000, max_groups: 200 },
    { kind: 'sliding', size_ms: 60_000, slide_ms: 5_000, max_groups: 36 },
    { kind: 'session', gap_ms: 500, time_field: 't', allowed_lateness_ms: 5_000, max_groups: 39 },
    { kind: 'tumbling', size_ms: 1_000, time_field: 't', allowed_lateness_ms: 10_000, max_groups: 30 },
  ])('has room for as many groups as it allows: %j', (windows) => {
    const options = { ...windows, aggregates: AGGREGATES, value_field: 'v', key_field: 'k' }
    const trial = trialOf(Window, options)
    const random = seeded(seed)
    const errors: TrialResult[] = []
    for (let at = 1_000_000_000_000; at < 1_000_000_020_000; at += 500) {
      const sent = Array.from({ length: windows.max_groups }, (_, index) => ({
        k: `${index}`.padStart(126, '\u{e9}').slice(-62),
        t: at - random.int(0, 5_000),
        v: random.int(-1_000_000, 1_000_000) / 7 ** random.int(0, 20),
      }))
      errors.push(...trial.send(sent, at).filter((result) => 'error' in result))
      expect(stateBytes(trial)).toBeLessThan(DEFAULT_STATE_LIMITS.streamBytes)
    }
    expect(errors).toEqual([])
    expect(trial.end().every((result) => 'data' in result)).toBe(true)
  })

  it.each([
    ['size_ms', { kind: 'tumbling' }],
    ['slide_ms', { kind: 'sliding', size_ms: 10 }],
    ['gap_ms', { kind: 'session' }],
    ['slide_ms', { kind: 'tumbling', size_ms: 10, slide_ms: 5 }],
    ['size_ms', { kind: 'sliding', size_ms: 10, slide_ms: 3 }],
    ['slide_ms', { kind: 'sliding', size_ms: 1_000, slide_ms: 1 }],
    ['value_field', { kind: 'tumbling', size_ms: 10, aggregates: ['mean'] }],
    ['allowed_lateness_ms', { kind: 'tumbling', size_ms: 10, allowed_lateness_ms: 5 }],
    ['max_groups', { kind: 'sliding', size_ms: 60_000, slide_ms: 5_000, max_groups: 44, key_field: 'k' }],
    ['kind', { kind: 'session', gap_ms: 1, time_field: 't', allowed_lateness_ms: 100_000, max_groups: 1 }],
  ])('refuses options that do not go together, and names %s', (field, options) => {
    const filled = filledIn(Window, options)
    let refused: unknown
    try {
      new Window().check(filled as never)
    } catch (error) {
      refused = error
    }
    expect(refused).toBeInstanceOf(OptionsError)
    expect(refused).toMatchObject({ field })
  })
})

const iso = (ms: number): string => new Date(ms).toISOString()
