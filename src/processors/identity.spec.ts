import fc from 'fast-check'
import { announcedSeed } from '../../test/support/random.js'
import { identity } from './identity.js'

describe('identity', () => {
  it('gives every record back as it was', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(identity.process(value)).toBe(value)
      }),
      { seed: announcedSeed('identity.spec') },
    )
  })
})
