import fc from 'fast-check'
import type { Input, Outcome } from '#libs/processor'
import { announcedSeed } from '../../test/support/random.js'
import { packOutcomes, packWork, unpackOutcomes, unpackWork, type NamedWork } from './packed.js'

const json = fc.json({ noUnicodeString: false })
const at = fc.integer({ min: 0 })
const timer = fc.option(at, { nil: undefined })
const input = fc.oneof(
  fc.record({ kind: fc.constant('record' as const), at, text: json }),
  fc.record({ kind: fc.constantFrom('timer' as const, 'end' as const), at }),
) satisfies fc.Arbitrary<Input>
const rows = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), json), { selector: ([key]) => key })
const state = fc.record({
  changes: fc.array(fc.tuple(fc.string(), fc.option(json))),
  bytes: fc.nat(),
  version: fc.nat(),
})
const outcome: fc.Arbitrary<Outcome> = fc
  .record({ lines: fc.array(json), timer, state: fc.option(state), failed: fc.boolean() })
  .map(({ state: changed, failed, ...rest }) => ({
    ...rest,
    ...(changed !== null && { state: changed }),
    ...(failed && { failed: 'processor_failed' as const }),
  }))

const seed = announcedSeed('packed.spec')

describe('what goes to a worker process and comes back', () => {
  it('is the work as it was, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(input, { minLength: 1 }), rows, timer, (inputs, stored, due) => {
        const all = new Map(stored)
        const work: NamedWork = {
          processor: 'p',
          stream: 's',
          options: { a: 1 },
          inputs,
          timer: due,
          stateVersion: undefined,
          state: { bytes: all.size, get: (key) => all.get(key), keys: () => all.keys() },
        }
        const { state: unpacked, ...rest } = unpackWork(structuredClone(packWork(work)))
        expect({ ...rest, rows: [...unpacked.keys('')].map((key) => [key, unpacked.get(key)]) }).toEqual({
          processor: 'p',
          stream: 's',
          options: { a: 1 },
          inputs,
          timer: due,
          stateVersion: undefined,
          rows: stored,
        })
      }),
      { seed },
    )
  })

  it('is what came of it, in the same order', () => {
    fc.assert(
      fc.property(fc.array(outcome), timer, (outcomes, before) => {
        const packed = structuredClone(packOutcomes(outcomes, before))
        expect(unpackOutcomes(packed, before)).toEqual(outcomes)
      }),
      { seed },
    )
  })
})
