import fc from 'fast-check'
import { announcedSeed } from '../../test/support/random.js'
import { NotedAppends } from './noted-appends.js'
import type { IdentityRow } from './wire.js'

const table = (rows: Iterable<IdentityRow>): Map<string, IdentityRow> => new Map([...rows].map((row) => [row[0], row]))

describe('appends that wait for a stream that is far behind', () => {
  it('are known up to where it says, whatever it is asked for', () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 9, arbitrary: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom('a', 'b', 'c')) },
        { weight: 1, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
      ),
      { maxLength: 200 },
    )
    fc.assert(
      fc.property(steps, (all) => {
        const noted = new NotedAppends(8)
        const rows: (readonly [offset: number, row: IdentityRow])[] = []
        const told = new Map<string, IdentityRow>()
        let [next, from] = [0, 0]
        for (const step of all) {
          if (typeof step !== 'number') {
            const [gap, replica] = step
            rows.push([(next += gap), [replica, next, 1_000 + next]])
            noted.add(next, [replica, next, 1_000 + next])
            continue
          }
          const to = from + Math.floor((next + 1 - from) * step)
          const below = noted.below(to)
          for (const row of below.rows) told.set(row[0], row)
          expect(below.to).toBeLessThanOrEqual(to)
          expect(below.to).toBeGreaterThanOrEqual(from)
          expect(told).toEqual(table(rows.filter(([offset]) => offset < below.to).map(([, row]) => row)))
          from = below.to
        }
        const rest = noted.below(next + 1)
        expect(rest.to).toBe(next + 1)
      }),
      { seed: announcedSeed('noted-appends.spec'), numRuns: 300 },
    )
  })

  it('take no more room, however many there are', () => {
    const noted = new NotedAppends(1_000)
    for (let offset = 0; offset < 200_000; offset++) noted.add(offset, [`replica-${offset % 3}`, offset, offset])
    expect(noted.size).toBeLessThanOrEqual(1_000)
    // The newest are told apart.
    expect(noted.below(199_600).to).toBe(199_600)
  })
})
