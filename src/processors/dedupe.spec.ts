import fc from 'fast-check'
import { DEFAULT_STATE_LIMITS, OptionsError, type InputRecord } from '#libs/processor'
import { announcedSeed, seeded } from '../../test/support/random.js'
import { filledIn, runInPieces, stateBytes, trialOf } from '../../test/support/trial-of.js'
import { Dedupe } from './dedupe.js'

const seed = announcedSeed('dedupe.spec')

interface Order {
  readonly id: unknown
  readonly n: number
}

const ids = fc.constantFrom<unknown>(
  'a',
  'b',
  1,
  '1',
  { x: 1 },
  [1],
  null,
  'a long key that is remembered as a hash',
  'c',
)

const orders = fc.array(fc.tuple(ids, fc.integer({ min: 0, max: 20 })), { maxLength: 60 }).map((rows) => {
  let at = 5_000
  return rows.map(([id, later], n): InputRecord<Order> => ({ at: (at += later), value: { id, n } }))
})

const within = fc.oneof(
  fc.record({ within_ms: fc.integer({ min: 1, max: 60 }) }),
  fc.record({ within_records: fc.integer({ min: 1, max: 20 }) }),
)

/** What is let through by one who remembers everything. */
function firsts(records: readonly InputRecord<Order>[], { within_ms, within_records = 0 }: Within): unknown[] {
  const last = new Map<string, { at: number; index: number }>()
  return records.flatMap(({ value, at }, index) => {
    const key = JSON.stringify(value.id)
    const before = last.get(key)
    const isNear =
      within_ms === undefined
        ? index - (before?.index ?? -Infinity) <= within_records
        : at - (before?.at ?? -Infinity) < within_ms
    if (isNear) return []
    last.set(key, { at, index })
    return [{ data: value }]
  })
}

interface Within {
  readonly within_ms?: number
  readonly within_records?: number
}

describe('dedupe', () => {
  it('lets a record through unless one with its key was let through not long before, in any batches and with restarts', () => {
    fc.assert(
      fc.property(orders, within, fc.integer(), (records, options, choices) => {
        const { results } = runInPieces(Dedupe, { key_field: 'id', max_keys: 20, ...options }, records, seeded(choices))
        expect(results).toEqual(firsts(records, options))
      }),
      { seed },
    )
  })

  it('takes whole records for the same where there is no key_field', () => {
    const trial = trialOf(Dedupe, { within_ms: 10 })
    expect(trial.send([{ a: 1 }, { a: 2 }, { a: 1 }, 'x', 'x'], 5)).toEqual([
      { data: { a: 1 } },
      { data: { a: 2 } },
      { data: 'x' },
    ])
  })

  it('gives an error for a record without the key', () => {
    const trial = trialOf(Dedupe, { key_field: 'id', within_ms: 10 })
    expect(trial.send([{ other: 1 }, { id: null }], 5)).toEqual([{ error: 'processor_failed' }, { data: { id: null } }])
  })

  it('remembers the max_keys keys that were let through last, and never more than twice as many', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 200 }), (max_keys, sent) => {
        const trial = trialOf(Dedupe, { within_records: 1_000, max_keys })
        const keys = Array.from({ length: sent }, (_, index) => index)
        trial.send(keys, 1)
        const remembered = [...trial.state.keys()].filter((key) => /^[01]:/.test(key))
        expect(remembered.length).toBeLessThanOrEqual(2 * max_keys)
        expect(trial.send(keys.slice(-max_keys), 2)).toEqual([])
      }),
      { seed },
    )
  })

  it('has room for as many keys as it allows, however long they are', () => {
    const trial = trialOf(Dedupe, { within_ms: 1_000_000, max_keys: 2_500 })
    for (let sent = 0; sent < 12_000; sent += 1_000) {
      const keys = Array.from({ length: 1_000 }, (_, index) => `${sent + index}`.padStart(200, 'é'))
      expect(trial.send(keys, 1_000_000_000_000 + sent)).toHaveLength(1_000)
      expect(stateBytes(trial)).toBeLessThan(DEFAULT_STATE_LIMITS.streamBytes)
    }
  })

  it('forgets keys whose time is over as others come', () => {
    const trial = trialOf(Dedupe, { within_ms: 10 })
    for (let at = 0; at < 1_000; at += 5) trial.send([at], at)
    expect([...trial.state.keys()].length).toBeLessThanOrEqual(7)
  })

  it.each([{}, { within_ms: 1, within_records: 1 }])('refuses to be told no end, or two: %j', (options) => {
    expect(() => new Dedupe().check(filledIn(Dedupe, options) as never)).toThrow(OptionsError)
  })
})
