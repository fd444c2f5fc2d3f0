import fc from 'fast-check'
import {
  asapScheduler,
  concatMap,
  concatWith,
  delay,
  filter,
  identity,
  map,
  mergeMap,
  NEVER,
  Observable,
  observeOn,
  scan,
  take,
  type OperatorFunction,
} from 'rxjs'
import { Trial, type RecordProcessor, type StreamContext } from '#libs/processor'
import { announcedSeed } from '../../test/support/random.js'
import { rx } from './rx.js'

const seed = announcedSeed('rx.spec')

/** A processor that runs its records through these operators. */
const piped = (operator: OperatorFunction<number, unknown>): RecordProcessor => ({
  process: rx<number, unknown>((records) =>
    records.pipe(
      map(({ value }) => value),
      operator,
    ),
  ),
})

/** What `process` itself gives or throws, for the record 1. */
const processed = (operator: OperatorFunction<number, unknown>): unknown =>
  piped(operator).process({ value: 1, at: 0 }, {} as StreamContext)

/** An operator, and what it makes of the values of one record. */
interface Link {
  readonly operator: OperatorFunction<number, number>
  readonly plain: (values: readonly number[]) => readonly number[]
}

const small = fc.integer({ min: 0, max: 4 })
const link: fc.Arbitrary<Link> = fc.oneof(
  small.map((n): Link => ({ operator: map((x) => x * n + 1), plain: (all) => all.map((x) => x * n + 1) })),
  small.map((n): Link => ({ operator: filter((x) => x % 5 !== n), plain: (all) => all.filter((x) => x % 5 !== n) })),
  small.map((n): Link => {
    const several = (x: number): number[] => Array.from({ length: n }, (_, index) => x + index)
    return { operator: mergeMap(several), plain: (all) => all.flatMap(several) }
  }),
  small.map((n): Link => ({ operator: take(n), plain: (all) => all.slice(0, n) })),
  fc.constant<Link>({
    operator: scan((sum, x) => sum + x, 0),
    plain: (all) => all.map((_, index) => all.slice(0, index + 1).reduce((sum, x) => sum + x, 0)),
  }),
)
const chains = fc.array(link, { maxLength: 5 })
const values = fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 1, maxLength: 10 })

const chained = (links: readonly Link[]): OperatorFunction<number, number> =>
  links.reduce<OperatorFunction<number, number>>(
    (before, { operator }) =>
      (source) =>
        operator(before(source)),
    identity,
  )

describe('a processor made of RxJS operators', () => {
  it('gives what plain functions give, each record by itself', () => {
    fc.assert(
      fc.property(chains, values, (links, records) => {
        const expected = records.flatMap((record) =>
          links.reduce<readonly number[]>((all, { plain }) => plain(all), [record]),
        )
        const results = new Trial(piped(chained(links))).send(records)
        expect(results).toEqual(expected.map((data) => ({ data })))
      }),
      { seed },
    )
  })

  it('fails on the records on which an operator fails, and on no other', () => {
    fc.assert(
      fc.property(chains, values, small, (links, records, bad) => {
        const isBad = (value: number): boolean => Math.abs(value) % 5 === bad
        const failing = map((value: number) => {
          if (isBad(value)) throw new Error('bad')
          return value
        })
        const expected = records.flatMap((record): unknown[] => {
          const results = links.reduce<readonly number[]>((all, { plain }) => plain(all), [record])
          return results.some(isBad) ? [{ error: 'processor_failed' }] : results.map((data) => ({ data }))
        })
        expect(new Trial(piped((source) => failing(chained(links)(source)))).send(records)).toEqual(expected)
      }),
      { seed },
    )
  })

  it.each<[string, OperatorFunction<number, unknown>]>([
    ['delays its results', delay(0)],
    ['is scheduled', observeOn(asapScheduler)],
    ['waits for a promise', mergeMap((value) => Promise.resolve(value))],
    ['waits for a promise that fails', concatMap(() => Promise.reject(new Error('too late')))],
    ['never ends', concatWith(NEVER)],
  ])('refuses a pipeline that %s', (_what, operator) => {
    expect(() => processed(operator)).toThrow('The pipeline waits for something.')
    expect(new Trial(piped(operator)).send([1, 2])).toEqual([
      { error: 'processor_failed' },
      { error: 'processor_failed' },
    ])
  })

  it('lets go of what a refused pipeline waits for', () => {
    let isHeld = false
    const held = new Observable<number>(() => {
      isHeld = true
      return () => (isHeld = false)
    })
    new Trial(piped(mergeMap(() => held))).send([1])
    expect(isHeld).toBe(false)
  })

  it('throws what an operator throws, also if that is nothing', () => {
    const nothing = new Observable<number>((subscriber) => subscriber.error(undefined))
    let thrown: unknown = 'not thrown'
    try {
      processed(() => nothing)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeUndefined()
  })

  it('sees the options, the time of arrival and the state, which is all that is remembered', () => {
    const processor: RecordProcessor<number, unknown, { by: number }> = {
      process: rx<number, unknown, { by: number }>((records, { options, state }) =>
        records.pipe(
          map(({ value, at }) => {
            const sum = (state.get<number>('sum') ?? 0) + value * options.by
            state.set('sum', sum)
            if (sum > 50) throw new Error('too much')
            return { at, sum }
          }),
        ),
      ),
    }
    const trial = new Trial(processor, { by: 10 })
    expect(trial.send([1, 2], 500)).toEqual([{ data: { at: 500, sum: 10 } }, { data: { at: 500, sum: 30 } }])
    expect(trial.send([3, 1], 600)).toEqual([{ error: 'processor_failed' }, { data: { at: 600, sum: 40 } }])
  })
})
