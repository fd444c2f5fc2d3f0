import fc from 'fast-check'
import { announcedSeed } from '../../../test/support/random.js'
import { addToSketch, emptySketch, mergeSketch, sketchFrom, storedSketch, valueAtRank, type Sketch } from './sketch.js'

const seed = announcedSeed('sketch.spec')

const values = fc.array(
  fc.oneof(
    fc.double({ min: -1e100, max: 1e100, noNaN: true }),
    fc.integer({ min: -20, max: 2_000 }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
  ),
  { minLength: 1, maxLength: 300 },
)
const mostBins = fc.integer({ min: 2, max: 400 })

function sketchOf(all: readonly number[], most: number): Sketch {
  const sketch = emptySketch()
  for (const value of all) addToSketch(sketch, value, most)
  return sketch
}

describe('a sketch', () => {
  it('gives what stands at a rank within 1/128, twice that for each time that neighbours were joined', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 32, max: 400 }), (all, most) => {
        const sketch = sketchOf(all, most)
        const sorted = all.toSorted((a, b) => a - b)
        // Further apart the bins are wider than a power of two.
        fc.pre(sketch.shift <= 6)
        for (const [index, exact] of sorted.entries()) {
          const allowed = (Math.abs(exact) * 2 ** sketch.shift) / 128 + 1e-300
          expect(Math.abs(valueAtRank(sketch, index + 1) - exact)).toBeLessThanOrEqual(allowed)
        }
      }),
      { seed },
    )
  })

  it('does not have more bins than may be, and is the same in any order and in parts', () => {
    fc.assert(
      fc.property(values, mostBins, fc.nat(), (all, most, cut) => {
        const sketch = sketchOf(all, most)
        expect(sketch.bins.length).toBeLessThanOrEqual(2 * most)
        expect(sketchOf(all.toReversed(), most)).toEqual(sketch)
        const parts = sketchOf(all.slice(0, cut % all.length), most)
        mergeSketch(parts, sketchOf(all.slice(cut % all.length), most), most)
        expect(parts).toEqual(sketch)
      }),
      { seed },
    )
  })

  it('is the same after it was stored', () => {
    fc.assert(
      fc.property(values, mostBins, (all, most) => {
        const sketch = sketchOf(all, most)
        expect(sketchFrom(JSON.parse(JSON.stringify(storedSketch(sketch))) as number[])).toEqual(sketch)
      }),
      { seed },
    )
  })
})
