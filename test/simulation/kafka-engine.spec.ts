import { mutants, schedulesUntilRed } from './mutants.js'
import { simulate } from './simulate.js'

/** A few of what `npm run simulate` runs by the thousand. */
const SCHEDULES = 10
const TRACED = 2
/** Most faults show within some ten schedules; this many fail to show one of them once in thousands of runs. */
const MUTANT_SCHEDULES = 400
const LIMIT_MS = 120_000

describe('replicas in virtual time, on logs that lose, double, delay and trim', () => {
  // Always the same: others are run by the thousand by `npm run simulate`.
  const seed = 165

  it(
    'do the same each time with the same seed',
    async () => {
      for (let index = 0; index < TRACED; index++) {
        const [first, second] = [
          await simulate(seed + index, { traced: true }),
          await simulate(seed + index, { traced: true }),
        ]
        expect(first.trace.length).toBeGreaterThan(100)
        expect(first.trace.join('\n') === second.trace.join('\n')).toBe(true)
      }
    },
    LIMIT_MS,
  )

  it(
    'lose nothing that was acked, double nothing, and lead every reader through all results to the end',
    async () => {
      for (let index = 0; index < SCHEDULES; index++) {
        const { violations } = await simulate(seed + index)
        expect({ seed: seed + index, violations }).toEqual({ seed: seed + index, violations: [] })
      }
    },
    LIMIT_MS,
  )

  it.each(Object.entries(mutants))(
    'break a promise where %s',
    async (_name, mutant) => {
      expect(await schedulesUntilRed(mutant, seed, MUTANT_SCHEDULES)).toBeDefined()
    },
    LIMIT_MS,
  )
})
