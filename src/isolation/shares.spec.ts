import fc from 'fast-check'
import { announcedSeed } from '../../test/support/random.js'
import type { NamedWork } from './packed.js'
import { shares, TASK_CHARS } from './shares.js'

const work = (stream: string, inputs: number, chars: number): NamedWork => ({
  processor: 'p',
  stream,
  options: {},
  inputs: Array.from({ length: inputs }, () => ({ kind: 'record', at: 0, text: 'x'.repeat(chars) })),
  timer: undefined,
  stateVersion: undefined,
  state: { bytes: 0, get: () => undefined, keys: () => [] },
})

const charsOf = (works: readonly NamedWork[]): number =>
  works
    .flatMap(({ inputs }) => inputs)
    .reduce((sum, input) => sum + (input.kind === 'record' ? input.text.length : 0), 0)

describe('the shares of a batch', () => {
  it('hold each work once, none too much for one task, and no place is left without', () => {
    const one = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(1, 10, TASK_CHARS / 4))
    fc.assert(
      fc.property(fc.array(one, { maxLength: 20 }), fc.integer({ min: 1, max: 4 }), (all, places) => {
        const works = all.map(([inputs, chars], index) => work(`s${index}`, inputs, chars))
        const shared = shares(works, places)
        expect(
          shared
            .flat()
            .map(({ stream }) => stream)
            .sort(),
        ).toEqual(works.map(({ stream }) => stream).sort())
        for (const share of shared) expect(charsOf(share)).toBeLessThanOrEqual(TASK_CHARS)
        expect(shared.length).toBeGreaterThanOrEqual(Math.min(places, works.length))
      }),
      { seed: announcedSeed('shares.spec'), numRuns: 50 },
    )
  })
})
