import fc from 'fast-check'
import { announcedSeed } from '../../test/support/random.js'
import { MAX_DEPTH, isTooDeep } from './json-depth.js'

const seed = announcedSeed('json-depth.spec')

/** Whatever could be taken for the beginning or the end of something. */
const texts = fc
  .array(fc.constantFrom('"', '\\', '[', ']', '{', '}', 'a', '\n'), { maxLength: 20 })
  .map((parts) => parts.join(''))

describe('the depth of a JSON text', () => {
  it('is counted by what is nested, not by what strings and keys hold', () => {
    const depths = fc.integer({ min: MAX_DEPTH - 3, max: MAX_DEPTH + 3 })
    fc.assert(
      fc.property(depths, texts, fc.boolean(), (depth, text, objects) => {
        let value: unknown = text
        for (let level = 0; level < depth; level++)
          value = objects && level % 2 === 0 ? { [text]: value } : [text, value]
        expect(isTooDeep(JSON.stringify(value))).toBe(depth > MAX_DEPTH)
      }),
      { seed },
    )
  })

  it('is never too great for a wide value', () => {
    expect(isTooDeep(JSON.stringify(Array.from({ length: 10_000 }, () => [{}])))).toBe(false)
  })

  it.each(['"'.repeat(3_000), '\\'.repeat(3_000), `"${'\\"'.repeat(2_000)}`, ']'.repeat(3_000)])(
    'is found for what is not JSON too, without an end of its own',
    (text) => {
      expect(isTooDeep(text)).toBe(false)
    },
  )
})
