import fc from 'fast-check'
import { OptionsError, type InputRecord } from '#libs/processor'
import { announcedSeed, seeded } from '../../../test/support/random.js'
import { filledIn, runInPieces, trialOf } from '../../../test/support/trial-of.js'
import { Filter } from './filter.js'
import { Jsonata } from './jsonata.js'

const seed = announcedSeed('jsonata.spec')

const readings = fc
  .array(
    fc.record({
      device: fc.constantFrom('a', 'b'),
      values: fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 4 }),
    }),
  )
  .map((values) => values.map((value, at): InputRecord<Reading> => ({ value, at })))

interface Reading {
  readonly device: string
  readonly values: readonly number[]
}

describe('jsonata', () => {
  it('makes of each record what the expression gives for it, in any batches and with restarts', () => {
    fc.assert(
      fc.property(readings, fc.integer(), (records, choices) => {
        const expression = '{ "device": device, "sum": $sum(values), "at": $millis(), "above": values[$ > 3][] }'
        const { results } = runInPieces(Jsonata, { expression }, records, seeded(choices))
        expect(results).toEqual(
          records.map(({ value: { device, values }, at }) => {
            const above = values.filter((value) => value > 3)
            const sum = values.reduce((total, value) => total + value, 0)
            return { data: { device, sum, at, ...(above.length > 0 && { above }) } }
          }),
        )
      }),
      { seed },
    )
  })

  it('gives no result where the expression gives nothing', () => {
    expect(trialOf(Jsonata, { expression: 'a' }).send([{ b: 1 }, { a: null }])).toEqual([{ data: null }])
  })

  it('gives a result for each element of an array where that is asked for', () => {
    const records = [{ items: [{ n: 1 }, { n: 2 }] }, { items: [] }, { items: [{ n: 3 }] }]
    expect(trialOf(Jsonata, { expression: 'items.n', split_arrays: true }).send(records)).toEqual([
      { data: 1 },
      { data: 2 },
      { data: 3 },
    ])
    expect(trialOf(Jsonata, { expression: 'items.n' }).send(records)).toEqual([{ data: [1, 2] }, { data: 3 }])
  })

  it('takes the time of arrival for now, whatever the clock says', () => {
    const expression = '[$now(), $now("[Y]"), $millis(), $toMillis("10", "[H]"), $fromMillis(0)]'
    const at = Date.UTC(2020, 4, 6, 7, 8, 9)
    expect(trialOf(Jsonata, { expression }).send([0], at)).toEqual([
      { data: ['2020-05-06T07:08:09.000Z', '2020', at, Date.UTC(2020, 4, 6, 10), '1970-01-01T00:00:00.000Z'] },
    ])
  })

  it('reads a time without a zone as UTC, wherever the server stands', () => {
    const expression = '$toMillis($) ~> $fromMillis()'
    const times = ['2020-05-06T07:08:09', '2020-05-06T07:08:09.5', '2020-05-06T07:08:09+02:00', '2020-05-06']
    expect(trialOf(Jsonata, { expression }).send(times)).toEqual(
      [
        '2020-05-06T07:08:09.000Z',
        '2020-05-06T07:08:09.500Z',
        '2020-05-06T05:08:09.000Z',
        '2020-05-06T00:00:00.000Z',
      ].map((data) => ({ data })),
    )
  })

  it('keeps no variable from one record to the next', () => {
    const trial = trialOf(Jsonata, { expression: '$seen ? "again" : ($seen := true)' })
    expect(trial.send([1, 2])).toEqual([{ data: true }, { data: true }])
  })

  it.each([
    ['goes on for ever', '($f := function($n) { $f($n + 1) }; $f(0))'],
    ['calls itself ever deeper', '($f := function($n) { 1 + $f($n + 1) }; $f(0))'],
    ['takes too many steps', '$map([1..100000], function($n) { $n * 2 })'],
    ['gives a function', 'function($x) { $x }'],
    ['gives one of its own functions', '$uppercase'],
    ['fails', '"a" + 1'],
  ])('gives an error where the expression %s, and goes on', (_what, failing) => {
    const trial = trialOf(Jsonata, { expression: `bad ? ${failing} : "good"` })
    expect(trial.send([{ bad: true }, {}, { bad: true }, {}])).toEqual([
      { error: 'processor_failed' },
      { data: 'good' },
      { error: 'processor_failed' },
      { data: 'good' },
    ])
  })

  it.each(['max_steps', 'max_depth'])('stops at %s', (name) => {
    const expression = '1 + (2 + (3 + 4))'
    expect(trialOf(Jsonata, { expression, [name]: 20 }).send([0])).toEqual([{ data: 10 }])
    expect(trialOf(Jsonata, { expression, [name]: 3 }).send([0])).toEqual([{ error: 'processor_failed' }])
  })

  it.each([
    ['what is unfinished', 'a +'],
    ['an empty text', ''],
    ['what differs each time', '$random()'],
    ['an order that differs each time', 'items.($shuffle($))'],
    ['another name for $random', '$r := $random'],
    ['expressions that nobody checked', '$eval("1")'],
    ['$random as an argument', '$map([1], $random)'],
    ['to lift the limits', '$__evaluate_entry := false'],
    ['to lift them by an index', 'items#$__evaluate_entry'],
    ['to lift them by a parameter', 'function($__evaluate_exit) { 1 }'],
    ['a nesting that is far too deep', '('.repeat(5_000)],
  ])('refuses %s: %.20s', (_what, expression) => {
    for (const type of [Jsonata, Filter]) {
      const check = (): void => new type().check({ expression, max_steps: 10, max_depth: 10, split_arrays: false })
      expect(check).toThrow(OptionsError)
      try {
        check()
      } catch (error) {
        expect(error).toMatchObject({ field: 'expression' })
      }
    }
  })

  it('says where an expression goes wrong', () => {
    const options = filledIn(Jsonata, { expression: 'a + ] b' }) as never
    expect(() => new Jsonata().check(options)).toThrow(/at \d+/)
  })
})

describe('filter', () => {
  it('keeps the records for which the condition holds, as they were, in any batches and with restarts', () => {
    fc.assert(
      fc.property(readings, fc.integer(), (records, choices) => {
        const { results } = runInPieces(
          Filter,
          { expression: 'device = "a" and $sum(values) > 3' },
          records,
          seeded(choices),
        )
        const kept = records.filter(
          ({ value: { device, values } }) => device === 'a' && values.reduce((sum, value) => sum + value, 0) > 3,
        )
        expect(results).toEqual(kept.map(({ value }) => ({ data: value })))
      }),
      { seed },
    )
  })

  it('leaves every record as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const sent = JSON.parse(JSON.stringify(value)) as unknown
        expect(trialOf(Filter, { expression: 'true' }).send([sent])).toEqual([{ data: sent }])
      }),
      { seed },
    )
  })

  it('takes nothing for false, and gives an error for what is neither true nor false', () => {
    const trial = trialOf(Filter, { expression: 'ok' })
    expect(trial.send([{ ok: true }, { ok: false }, {}, { ok: 1 }, { ok: 'yes' }, { ok: null }])).toEqual([
      { data: { ok: true } },
      ...Array.from({ length: 3 }, () => ({ error: 'processor_failed' })),
    ])
  })
})
