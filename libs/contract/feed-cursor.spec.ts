import fc from 'fast-check'
import { MAX_CURSOR_LENGTH } from './cursor.js'
import { MAX_FEED_PARTITIONS, decodeFeedCursor, encodeFeedCursor } from './feed-cursor.js'

const cursors = fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: MAX_FEED_PARTITIONS, size: 'max' })

describe('a cursor of the feed', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(cursors, (cursor) => {
        expect(decodeFeedCursor(encodeFeedCursor(cursor), cursor.length)).toEqual(cursor)
      }),
    )
  })

  it('has one way to be written: what is read as one is written the same', () => {
    const nearly = fc.stringMatching(/^(\.?[0-9a-zA-Z]{0,12}){1,3}$/)
    fc.assert(
      fc.property(fc.oneof(nearly, fc.string()), fc.integer({ min: 1, max: 3 }), (text, partitions) => {
        const cursor = decodeFeedCursor(text, partitions)
        if (cursor !== undefined) expect(encodeFeedCursor(cursor)).toBe(text)
      }),
    )
  })

  it('is never too long to be read, with as many partitions as there may be and no more', () => {
    const longest = (partitions: number): number =>
      encodeFeedCursor(Array<number>(partitions).fill(Number.MAX_SAFE_INTEGER)).length
    expect(longest(MAX_FEED_PARTITIONS)).toBeLessThanOrEqual(MAX_CURSOR_LENGTH)
    expect(longest(MAX_FEED_PARTITIONS + 1)).toBeGreaterThan(MAX_CURSOR_LENGTH)
  })

  it.each([
    ['nothing', ''],
    ['a word', 'nonsense'],
    ['a number without its dot', '1'],
    ['a dot without its number', '.'],
    ['fewer partitions', '.1'],
    ['more partitions', '.1.2.3'],
    ['a dot too many', '.1.2.'],
    ['a leading zero', '.1.02'],
    ['upper-case digits', '.1.A'],
    ['a number below zero', '.1.-2'],
    ['a number beyond what is exact', `.1.${(2 ** 53).toString(36)}`],
    ['a space before it', ' .1.2'],
    ['a line break behind it', '.1.2\n'],
    ['more than the longest one', `.1.${'2'.repeat(MAX_CURSOR_LENGTH)}`],
  ])('of two partitions is not %s', (_, text) => {
    expect(decodeFeedCursor(text, 2)).toBeUndefined()
  })
})
