import fc from 'fast-check'
import { trimmable, withMark, type Mark } from './marks.js'

const retentionMs = 1_000

const history = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 300 })), { maxLength: 200 })
  .map((steps) => {
    let [offset, at] = [0, 0]
    return steps.map(([gap, ms]): Mark => ({ offset: (offset += gap), at: (at += ms) }))
  })

const known = (all: readonly Mark[]): readonly Mark[] =>
  all.reduce<readonly Mark[]>((marks, mark) => withMark(marks, mark, retentionMs), [])

describe('marks', () => {
  it('are few, however often a partition was taken', () => {
    fc.assert(
      fc.property(history, (all) => {
        expect(known(all).length).toBeLessThanOrEqual(24)
      }),
    )
  })

  it('let nothing be trimmed that is newer than the retention, and little else be kept', () => {
    fc.assert(
      fc.property(history, (all) => {
        const at = all.at(-1)?.at ?? 0
        const best = trimmable(all, at - retentionMs)
        const found = trimmable(known(all), at - retentionMs)
        expect(found?.at ?? -Infinity).toBeLessThan(at - retentionMs)
        if (best !== undefined) expect(best.at - (found?.at ?? 0)).toBeLessThanOrEqual(retentionMs / 10)
      }),
    )
  })
})
