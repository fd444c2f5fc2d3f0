import fc from 'fast-check'
import { announcedSeed } from '../../test/support/random.js'
import { DEFAULT_STATE_LIMITS, StateError, StateOverlay, type StoredState } from './state.js'

const keys = fc.constantFrom('a', 'ab', 'b', 'é', '😀')
const step = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key: keys, value: fc.jsonValue() }),
  fc.record({ do: fc.constant('delete' as const), key: keys }),
  fc.record({ do: fc.constantFrom('take' as const, 'rollBack' as const) }),
)

function storedAs(rows: ReadonlyMap<string, string>): StoredState {
  return {
    get: (key) => rows.get(key),
    keys: (prefix) => [...rows.keys()].filter((key) => key.startsWith(prefix)),
    bytes: bytesOf(rows),
  }
}

const bytesOf = (rows: ReadonlyMap<string, string>): number =>
  [...rows].reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)

/** What rows become by changes. */
function changed(
  rows: ReadonlyMap<string, string>,
  changes: Iterable<readonly [string, string | null]>,
): Map<string, string> {
  const result = new Map(rows)
  for (const [key, value] of changes)
    if (value === null) result.delete(key)
    else result.set(key, value)
  return result
}

describe('the state of a stream', () => {
  it('is what was set last, of the records that count, whatever was stored before', () => {
    fc.assert(
      fc.property(fc.dictionary(keys, fc.jsonValue()), fc.array(step), (before, steps) => {
        const stored = new Map(Object.entries(before).map(([key, value]) => [key, JSON.stringify(value)]))
        const state = new StateOverlay(storedAs(stored), DEFAULT_STATE_LIMITS)
        let counted = new Map(stored)
        let now = new Map(stored)
        for (const each of steps) {
          if (each.do === 'set') {
            state.set(each.key, each.value)
            now.set(each.key, JSON.stringify(each.value))
          } else if (each.do === 'delete') {
            state.delete(each.key)
            now.delete(each.key)
          } else if (each.do === 'take') {
            counted = changed(counted, state.take())
            expect(counted).toEqual(now)
          } else {
            state.rollBack()
            now = new Map(counted)
          }
          const known = [...now.keys()].sort()
          expect([...state.keys()]).toEqual(known)
          expect([...state.keys('a')]).toEqual(known.filter((key) => key.startsWith('a')))
          expect(known.map((key) => JSON.stringify(state.get(key)))).toEqual(known.map((key) => now.get(key)))
          expect(state.bytes).toBe(bytesOf(now))
        }
      }),
      { seed: announcedSeed('state.spec') },
    )
  })

  it('is not changed by a value that was read or set and is changed afterwards', () => {
    const state = new StateOverlay(storedAs(new Map()), DEFAULT_STATE_LIMITS)
    const value = { list: [1] }
    state.set('k', value)
    value.list.push(2)
    state.get<{ list: number[] }>('k')?.list.push(3)
    expect(state.get('k')).toEqual({ list: [1] })
  })

  it.each([
    ['a key without a character', '', 1, 'A key of the state has 1 to 256 bytes, not 0.'],
    ['a key that is too long', 'é'.repeat(129), 1, 'A key of the state has 1 to 256 bytes, not 258.'],
    ['a value that is too large', 'k', 'é'.repeat(5), 'The value of "k" has 12 bytes; 10 are allowed.'],
    ['a value that JSON does not have', 'k', undefined, 'The value of "k" cannot be written as JSON.'],
    ['more than a stream may have in all', 'k2', 12_345, 'The stream would remember 21 bytes; 20 are allowed.'],
  ])('refuses %s, and stays as it was', (_what, key, value, message) => {
    const state = new StateOverlay(storedAs(new Map([['k1', '123456789012']])), { valueBytes: 10, streamBytes: 20 })
    expect(() => {
      state.set(key, value)
    }).toThrow(new StateError(message))
    expect([...state.keys()]).toEqual(['k1'])
    expect(state.take()).toEqual([])
  })

  it('can be made smaller where it is larger than it may be by now', () => {
    const stored = storedAs(new Map([['k', '"12345678901234567890"']]))
    const state = new StateOverlay(stored, { valueBytes: 30, streamBytes: 10 })
    state.set('k', '1234567890123')
    expect(state.get('k')).toBe('1234567890123')
  })
})
