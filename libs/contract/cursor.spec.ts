import fc from 'fast-check'
import { MAX_CURSOR_LENGTH, decodeCursor, encodeCursor } from './cursor.js'

const incarnations = fc.stringMatching(/^[0-9a-f]{16}$/)
const positions = fc.oneof(fc.nat({ max: 999_999_999_999_999 }), fc.constant('end' as const))

describe('a cursor', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(incarnations, positions, (incarnation, seq) => {
        expect(decodeCursor(encodeCursor(incarnation, seq))).toEqual({ incarnation, seq })
      }),
    )
  })

  it('has one way to be written: what is read as one is written the same', () => {
    const nearly = fc.stringMatching(/^[0-9a-fA-F]{15,17}-(0?[0-9]{1,16}|end|END|-1|1e3|1\.0)$/)
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string()), (text) => {
        const cursor = decodeCursor(text)
        if (cursor !== undefined) expect(encodeCursor(cursor.incarnation, cursor.seq)).toBe(text)
      }),
    )
  })

  it.each([
    ['nothing', ''],
    ['no number', '0123456789abcdef-'],
    ['no incarnation', '-1'],
    ['a short incarnation', '0123456789abcde-1'],
    ['a long incarnation', '0123456789abcdef0-1'],
    ['upper-case digits', '0123456789ABCDEF-1'],
    ['a leading zero', '0123456789abcdef-01'],
    ['a number below zero', '0123456789abcdef--1'],
    ['a fraction', '0123456789abcdef-1.5'],
    ['an exponent', '0123456789abcdef-1e3'],
    ['a number beyond what is exact', '0123456789abcdef-9007199254740993'],
    ['another word', '0123456789abcdef-start'],
    ['a space before it', ' 0123456789abcdef-1'],
    ['a line break behind it', '0123456789abcdef-1\n'],
    ['digits of another script', '0123456789abcdef-١'],
    ['more than the longest one', `0123456789abcdef-${'1'.repeat(MAX_CURSOR_LENGTH)}`],
  ])('is not %s', (_, text) => {
    expect(decodeCursor(text)).toBeUndefined()
  })
})
