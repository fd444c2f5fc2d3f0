import fc from 'fast-check'
import { ApiError } from './errors.js'
import { checkStreamId } from './stream-id.js'

const accepts = (id: string): boolean => {
  try {
    return checkStreamId(id) === id
  } catch (error) {
    if (error instanceof ApiError && error.code === 'invalid_stream_id') return false
    throw error
  }
}

const mostly = fc
  .array(fc.constantFrom(...'aZ0._~-/%\\:@?# \n\0é'.split('')), { maxLength: 6 })
  .map((chars) => chars.join(''))

describe('a stream id', () => {
  it('is 1 to 128 of the unreserved characters, and not a dot segment', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9._~-]{1,128}$/), (id) => {
        expect(accepts(id)).toBe(id !== '.' && id !== '..')
      }),
    )
  })

  it('is the same in every address: no URL parser changes what is accepted', () => {
    fc.assert(
      fc.property(fc.oneof(mostly, fc.string({ maxLength: 130 })), (id) => {
        fc.pre(accepts(id))
        expect(encodeURIComponent(id)).toBe(id)
        expect(new URL(`http://host/stream/${id}/send`).pathname).toBe(`/stream/${id}/send`)
      }),
    )
  })

  it.each([
    ['nothing', ''],
    ['one dot', '.'],
    ['two dots', '..'],
    ['129 characters', 'a'.repeat(129)],
    ['a slash', 'a/b'],
    ['a line break at the end', 'a\n'],
    ['NUL', 'a\0'],
    ['a percent sign', '%61'],
    ['a letter beyond ASCII', 'ä'],
  ])('is not %s', (_, id) => {
    expect(accepts(id)).toBe(false)
  })

  it.each(['...', '.a', 'a.', '~', '-', '_', 'a'.repeat(128)])('may be %s', (id) => {
    expect(accepts(id)).toBe(true)
  })
})
