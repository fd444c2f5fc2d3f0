/**
 * How often values of about the same size were seen, for quantiles: a DDSketch (VLDB 12, 2019) whose bins are cut by the bits of a
 * number, not by its logarithm, so that every machine cuts alike. A bin is 1/64 of a power of two wide, which puts a quantile within
 * 0.8 % of the exact one; each time that there are more bins than may be, neighbours are joined and the error doubles (UDDSketch).
 * Which values were seen decides it, not their order.
 */
export interface Sketch {
  /** How often neighbours were joined. */
  shift: number
  /** Key and count of each bin in turn, by key. */
  bins: number[]
}

export type StoredSketch = readonly number[]

/** Of a bin as it is stored: key and count, with a comma after each. */
export const BIN_BYTES = 12

export const emptySketch = (): Sketch => ({ shift: 0, bins: [] })

export function addToSketch(sketch: Sketch, value: number, mostBins: number): void {
  count(sketch, joined(keyOf(value), sketch.shift), 1)
  limit(sketch, mostBins)
}

/** Adds what is in `other`. */
export function mergeSketch(sketch: Sketch, other: Sketch, mostBins: number): void {
  while (sketch.shift < other.shift) join(sketch)
  const { shift, bins } = other
  for (let index = 0; index < bins.length; index += 2)
    count(sketch, joined(bins[index] ?? 0, sketch.shift - shift), bins[index + 1] ?? 0)
  limit(sketch, mostBins)
}

/** About the value that stands at `rank`, from 1, when all are in order. */
export function valueAtRank({ shift, bins }: Sketch, rank: number): number {
  let seen = 0
  let key = 0
  for (let index = 0; index < bins.length && seen < rank; index += 2) {
    key = bins[index] ?? 0
    seen += bins[index + 1] ?? 0
  }
  if (key === 0) return 0
  const from = Math.abs(key) * 2 ** shift
  return Math.sign(key) * (sizeOf(from) / 2 + sizeOf(from + 2 ** shift) / 2)
}

/** Keys as steps from one to the next, which take fewer digits. */
export function storedSketch({ shift, bins }: Sketch): StoredSketch {
  const stored = [shift, ...bins]
  for (let index = bins.length - 2; index > 0; index -= 2)
    stored[index + 1] = (bins[index] ?? 0) - (bins[index - 2] ?? 0)
  return stored
}

export function sketchFrom([shift = 0, ...bins]: StoredSketch): Sketch {
  for (let index = 2; index < bins.length; index += 2) bins[index] = (bins[index] ?? 0) + (bins[index - 2] ?? 0)
  return { shift, bins }
}

/** The sign, the 11 bits of the exponent and the first 6 of the fraction. 0, and what is too small to have them all, is 0. */
function keyOf(value: number): number {
  bits.setFloat64(0, Math.abs(value))
  const key = bits.getUint32(0) >>> 14
  return key < 64 ? 0 : Math.sign(value) * key
}

/** The smallest number of a key. */
function sizeOf(key: number): number {
  bits.setUint32(0, key * 2 ** 14)
  bits.setUint32(4, 0)
  return Math.min(bits.getFloat64(0), Number.MAX_VALUE)
}

const bits = new DataView(new ArrayBuffer(8))

/** Not -0, which is 0 once it was stored. */
const joined = (key: number, times: number): number => Math.trunc(key / 2 ** times) + 0

function count({ bins }: Sketch, key: number, times: number): void {
  let low = 0
  let high = bins.length / 2
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((bins[2 * middle] ?? 0) < key) low = middle + 1
    else high = middle
  }
  if (bins[2 * low] === key) bins[2 * low + 1] = (bins[2 * low + 1] ?? 0) + times
  else bins.splice(2 * low, 0, key, times)
}

function limit(sketch: Sketch, mostBins: number): void {
  while (sketch.bins.length > 2 * mostBins) join(sketch)
}

function join(sketch: Sketch): void {
  const { bins } = sketch
  sketch.bins = []
  sketch.shift += 1
  for (let index = 0; index < bins.length; index += 2) count(sketch, joined(bins[index] ?? 0, 1), bins[index + 1] ?? 0)
}
