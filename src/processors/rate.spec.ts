import fc from 'fast-check'
import type { InputRecord } from '#libs/processor'
import { announcedSeed, seeded } from '../../test/support/random.js'
import { runInPieces, trialOf } from '../../test/support/trial-of.js'
import { Rate } from './rate.js'

const seed = announcedSeed('rate.spec')

const arrivals = fc
  .array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 40 })), { maxLength: 60 })
  .map((rows) => {
    let at = 5_000
    return rows.map(([key, later]): InputRecord<{ key: string }> => ({ at: (at += later), value: { key } }))
  })

const everyMs = fc.integer({ min: 1, max: 100 })

/** For each time in which something arrived, and each key that did: how much. */
function counted(records: readonly InputRecord<{ key: string }>[], every: number): unknown[] {
  const starts = [...new Set(records.map(({ at }) => at - (at % every)))]
  return starts.flatMap((start) =>
    ['a', 'b'].flatMap((key) => {
      const within = records.filter(({ at, value }) => at >= start && at < start + every && value.key === key)
      const window = { start: new Date(start).toISOString(), end: new Date(start + every).toISOString() }
      const count = within.length
      return count === 0 ? [] : [{ data: { window, key, count, per_second: (count * 1000) / every } }]
    }),
  )
}

describe('rate', () => {
  it('gives the records per second of each time in which there were any, in any batches and with restarts', () => {
    fc.assert(
      fc.property(arrivals, everyMs, fc.integer(), (records, every, choices) => {
        const { results, trial } = runInPieces(Rate, { every_ms: every, key_field: 'key' }, records, seeded(choices))
        expect(results).toEqual(counted(records, every))
        expect([...trial.state.keys()].filter((key) => key !== 'clock')).toEqual([])
      }),
      { seed },
    )
  })

  it('tells it every second, though no data comes any more', () => {
    const trial = trialOf(Rate, {})
    trial.send(['a', 'b', 'c'], 1_200)
    expect(trial.passTime(2_000)).toEqual([
      {
        data: {
          window: { start: '1970-01-01T00:00:01.000Z', end: '1970-01-01T00:00:02.000Z' },
          count: 3,
          per_second: 3,
        },
      },
    ])
    expect(trial.passTime(60_000)).toEqual([])
  })
})
