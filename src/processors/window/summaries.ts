import {
  addToSketch,
  emptySketch,
  mergeSketch,
  sketchFrom,
  storedSketch,
  valueAtRank,
  type Sketch,
  type StoredSketch,
} from './sketch.js'

const PERCENTS = { p50: 50, p95: 95, p99: 99 } as const

export const AGGREGATES = ['count', 'per_second', 'sum', 'mean', 'min', 'max', 'stddev', 'p50', 'p95', 'p99'] as const
export type Aggregate = (typeof AGGREGATES)[number]

/** What is known of the values of some records. Only what the aggregates need is right, and stored. */
export interface Summary {
  count: number
  sum: number
  min: number
  max: number
  /** Mean and sum of squared distances from it, by Welford: squares of large values would cancel out. */
  mean: number
  m2: number
  readonly sketch: Sketch | undefined
}

export type StoredNumber = number | StoredSketch

/** Of a number as JSON, with a comma. */
const NUMBER_BYTES = 25

/** Makes, joins and stores summaries for some aggregates. */
export class Summaries {
  /** Whether records need a value. */
  readonly ofValues: boolean
  readonly withQuantiles: boolean
  private readonly withSum: boolean
  private readonly withExtremes: boolean
  private readonly withSpread: boolean

  /** @param mostBins of a sketch */
  constructor(
    private readonly aggregates: readonly Aggregate[],
    private readonly mostBins = 0,
  ) {
    const has = (...wanted: Aggregate[]): boolean => wanted.some((aggregate) => aggregates.includes(aggregate))
    this.ofValues = aggregates.some((aggregate) => aggregate !== 'count' && aggregate !== 'per_second')
    this.withQuantiles = has('p50', 'p95', 'p99')
    this.withSum = has('sum', 'mean')
    // A quantile lies between them, whatever its bin says.
    this.withExtremes = this.withQuantiles || has('min', 'max')
    this.withSpread = has('stddev')
  }

  empty(): Summary {
    return {
      count: 0,
      sum: 0,
      min: Infinity,
      max: -Infinity,
      mean: 0,
      m2: 0,
      sketch: this.withQuantiles ? emptySketch() : undefined,
    }
  }

  add(summary: Summary, value: number): void {
    summary.count += 1
    if (!this.ofValues) return
    summary.sum += value
    summary.min = Math.min(summary.min, value)
    summary.max = Math.max(summary.max, value)
    if (this.withSpread) {
      const distance = value - summary.mean
      summary.mean += distance / summary.count
      summary.m2 += distance * (value - summary.mean)
    }
    if (summary.sketch) addToSketch(summary.sketch, value, this.mostBins)
  }

  merge(summary: Summary, other: Summary): void {
    const count = summary.count + other.count
    if (this.withSpread) {
      const distance = other.mean - summary.mean
      summary.mean += (distance * other.count) / count
      summary.m2 += other.m2 + distance ** 2 * ((summary.count * other.count) / count)
    }
    summary.count = count
    summary.sum += other.sum
    summary.min = Math.min(summary.min, other.min)
    summary.max = Math.max(summary.max, other.max)
    if (summary.sketch && other.sketch) mergeSketch(summary.sketch, other.sketch, this.mostBins)
  }

  /** The aggregates, in the order that was asked for. */
  results(summary: Summary, spanMs: number): Record<string, number> {
    return Object.fromEntries(this.aggregates.map((aggregate) => [aggregate, valueOf(aggregate, summary, spanMs)]))
  }

  store({ count, sum, min, max, mean, m2, sketch }: Summary, into: StoredNumber[]): void {
    into.push(count)
    if (this.withSum) into.push(sum)
    if (this.withExtremes) into.push(min, max)
    if (this.withSpread) into.push(mean, m2)
    if (sketch) into.push(storedSketch(sketch))
  }

  /** @param stored what `store` put there, from `index` */
  load(stored: readonly StoredNumber[], index: number): Summary {
    let next = index
    const number = (): number => stored[next++] as number
    const count = number()
    const sum = this.withSum ? number() : 0
    const [min, max] = this.withExtremes ? [number(), number()] : [0, 0]
    const [mean, m2] = this.withSpread ? [number(), number()] : [0, 0]
    const sketch = this.withQuantiles ? sketchFrom(stored[next] as StoredSketch) : undefined
    return { count, sum, min, max, mean, m2, sketch }
  }

  /** Most bytes of a stored one without its bins. */
  get bytes(): number {
    const numbers = 1 + Number(this.withSum) + 2 * Number(this.withExtremes) + 2 * Number(this.withSpread)
    return numbers * NUMBER_BYTES
  }
}

function valueOf(aggregate: Aggregate, summary: Summary, spanMs: number): number {
  const { count, sum, min, max, m2, sketch } = summary
  switch (aggregate) {
    case 'count':
      return count
    case 'per_second':
      return (count * 1000) / spanMs
    case 'sum':
      return sum
    case 'mean':
      return sum / count
    case 'min':
      return min
    case 'max':
      return max
    case 'stddev':
      return Math.sqrt(m2 / count)
    case 'p50':
    case 'p95':
    case 'p99':
      return Math.min(
        max,
        Math.max(min, sketch === undefined ? NaN : valueAtRank(sketch, Math.ceil((count * PERCENTS[aggregate]) / 100))),
      )
  }
}
