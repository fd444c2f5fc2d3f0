import fc from 'fast-check'
import { announcedSeed } from '../../test/support/random.js'
import { Identity } from './identity.js'

const resultOf = (value: unknown): unknown => new Identity().process({ value, at: 0 })[0]

describe('identity', () => {
  it('gives every record back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(resultOf(value)).toBe(value)
      }),
      { seed: announcedSeed('identity.spec') },
    )
  })
})
