import fc from 'fast-check'
import { encodeEntry, type Entry } from '#libs/engine'
import { data, everyKind } from '#libs/engine/contract-suite'
import { decodeInputRow, encodeInputRow, inputKey, inputOffset } from './input-rows.js'

const offset = fc.nat(2 ** 48 - 1)
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.constantFrom(...everyKind),
  fc.array(fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })), { minLength: 1 }).map((values) => data(...values)),
)

describe('a row of input', () => {
  it('gives back the entries that were put in, with offsets from its key on and one time for all', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1 }), fc.nat(2 ** 40), fc.nat(2 ** 47), (entries, at, first) => {
        const row = decodeInputRow(inputKey(first), encodeInputRow(at, entries.map(encodeEntry)))
        expect(row.first).toBe(first)
        expect(row.entries).toEqual(entries.map((one, index) => ({ ...one, offset: first + index, at })))
      }),
    )
  })

  it('keeps records as they were written, spaces and all', () => {
    const records = ['{ "a" :\t1.0e3 }', '"\u2028"', '\r1']
    const row = decodeInputRow(inputKey(7), encodeInputRow(1, [encodeEntry({ ...data(0), records })]))
    expect(row.entries).toEqual([{ ...data(0), records, offset: 7, at: 1 }])
  })

  it('has keys that sort as their offsets do', () => {
    fc.assert(
      fc.property(offset, offset, (a, b) => {
        expect(inputOffset(inputKey(a))).toBe(a)
        expect(Math.sign(Buffer.compare(inputKey(a), inputKey(b)))).toBe(Math.sign(a - b))
      }),
    )
  })
})
