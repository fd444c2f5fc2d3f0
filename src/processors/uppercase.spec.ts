import fc from 'fast-check'
import { announcedSeed } from '../../test/support/random.js'
import { Uppercase } from './uppercase.js'

const resultOf = (value: unknown): unknown => new Uppercase().process({ value, at: 0 })[0]

const seed = announcedSeed('uppercase.spec')
const values = fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme' })

const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown

/** Every leaf of a JSON value, with the keys that lead to it. */
function leaves(value: unknown, path: readonly string[] = []): [path: string, leaf: unknown][] {
  if (typeof value !== 'object' || value === null) return [[JSON.stringify(path), value]]
  const members = Object.entries(value)
  if (members.length === 0) return [[JSON.stringify(path), Array.isArray(value) ? [] : {}]]
  return members.flatMap(([key, member]) => leaves(member, [...path, key]))
}

describe('uppercase', () => {
  it('changes strings, wherever they stand, and nothing else: keys, order and other values stay', () => {
    fc.assert(
      fc.property(values, (value) => {
        const expected = leaves(value).map(([path, leaf]) => [
          path,
          typeof leaf === 'string' ? leaf.toUpperCase() : leaf,
        ])
        expect(leaves(resultOf(value))).toEqual(expected)
      }),
      { seed },
    )
  })

  it('done twice is the same as done once', () => {
    fc.assert(
      fc.property(values, (value) => {
        const once = resultOf(value)
        expect(resultOf(once)).toEqual(once)
      }),
      { seed },
    )
  })

  it('leaves the record it was given as it is', () => {
    fc.assert(
      fc.property(values, (value) => {
        const before = copy(value)
        resultOf(value)
        expect(copy(value)).toEqual(before)
      }),
      { seed },
    )
  })

  it.each(['__proto__', 'constructor', 'toString', ''])('takes %j for a key like any other', (key) => {
    const text = JSON.stringify({ [key]: 0 }).replace('0', '{"inside":"a"}')
    const result = resultOf(JSON.parse(text))
    expect(JSON.stringify(result)).toBe(text.replace('"a"', '"A"'))
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype)
  })

  it.each([
    ['straße', 'STRASSE'],
    ['ŉ', 'ʼN'],
    ['ﬁn', 'FIN'],
    ['i', 'I'],
    ['😀', '😀'],
  ])('knows Unicode, and no locale: %s is %s', (text, upper) => {
    expect(resultOf(text)).toBe(upper)
  })
})
