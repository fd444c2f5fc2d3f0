import fc from 'fast-check'

/** What can happen to a stream and its readers, which are named by the order in which they joined. */
export type Step =
  | { readonly does: 'commit'; readonly runs: readonly (readonly number[])[]; readonly close?: 'ended' | 'deleted' }
  | { readonly does: 'write' | 'settle' | 'restart' | 'turn' | 'beat' }
  | { readonly does: 'trim'; readonly part: number; readonly settled: boolean }
  | { readonly does: 'clean'; readonly rows: number }
  | { readonly does: 'join'; readonly part: number; readonly budget: number; readonly highWaterMark: number }
  | { readonly does: 'leave' | 'lose' | 'repeat'; readonly reader: number }
  | { readonly does: 'drain'; readonly reader: number; readonly bytes: number }

// Sizes of results: mostly tiny, some that fill a page or a budget alone.
const size = fc.oneof({ weight: 6, arbitrary: fc.nat(40) }, { weight: 1, arbitrary: fc.constant(40_000) })
const runs = fc.array(fc.array(size, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 })
const close = fc.constantFrom('ended' as const, 'deleted' as const)
const reader = fc.nat(3)
const does = <T extends string>(step: T): fc.Arbitrary<{ does: T }> => fc.constant({ does: step })

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ does: fc.constant('commit' as const), runs }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('commit' as const), runs, close }) },
  { weight: 3, arbitrary: does('write') },
  { weight: 2, arbitrary: does('settle') },
  { weight: 5, arbitrary: does('turn') },
  { weight: 1, arbitrary: does('restart') },
  { weight: 1, arbitrary: does('beat') },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('trim' as const),
      part: fc.constantFrom(0.3, 0.6, 1),
      settled: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('clean' as const), rows: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('join' as const),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      budget: fc.constantFrom(60, 1_000, 50_000),
      highWaterMark: fc.constantFrom(1, 100, 16_384, 65_536),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('leave' as const, 'lose', 'repeat'), reader }) },
  {
    weight: 8,
    arbitrary: fc.record({
      does: fc.constant('drain' as const),
      reader,
      bytes: fc.constantFrom(10, 500, 50_000, Infinity),
    }),
  },
)

/** What to do in what order. */
export const schedules = fc.array(step, { minLength: 5, maxLength: 60, size: 'max' })
