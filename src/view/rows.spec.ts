import fc from 'fast-check'
import { decodeRun, decodeRunHead, encodeRun, lastOf, namedKey, numberedKey, numberKey } from './rows.js'

const number = fc.nat(2 ** 48 - 1)
const incarnation = fc.stringMatching(/^[0-9a-f]{16}$/)
const sign = (order: number): number => Math.sign(order)

describe('the rows of the store', () => {
  it('sort by number', () => {
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(sign(Buffer.compare(numberKey(a), numberKey(b)))).toBe(sign(a - b))
      }),
    )
  })

  it('sort by number within one life of a stream, whose rows lie together', () => {
    fc.assert(
      fc.property(incarnation, incarnation, number, number, (one, other, a, b) => {
        const order = sign(Buffer.compare(numberedKey(one, a), numberedKey(other, b)))
        expect(order).toBe(one === other ? sign(a - b) : one < other ? -1 : 1)
      }),
    )
  })

  it('of one life are all behind its bare incarnation and before the byte 255', () => {
    fc.assert(
      fc.property(incarnation, fc.stringMatching(/^[kpn]:[!-~]{1,255}$/), (life, name) => {
        const bare = Buffer.from(life, 'hex')
        const key = namedKey(life, name)
        expect(Buffer.compare(bare, key)).toBe(-1)
        expect(Buffer.compare(key, Buffer.concat([bare, Buffer.from([255])]))).toBe(-1)
        expect(key.length).toBeLessThan(512)
      }),
    )
  })

  it('give back runs of results as they were put in', () => {
    const lines = fc.array(
      fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })).map((value) => JSON.stringify(value)),
      { minLength: 1 },
    )
    fc.assert(
      fc.property(
        incarnation,
        fc.integer({ min: 1, max: 2 ** 40 }),
        fc.nat(2 ** 45),
        lines,
        (life, first, at, texts) => {
          const run = { at, first, lines: texts }
          const [key, value] = [numberedKey(life, lastOf(run)), encodeRun(run)]
          expect(decodeRun(key, value)).toEqual(run)
          expect(decodeRunHead(key, value)).toEqual({ at, first })
        },
      ),
    )
  })
})
