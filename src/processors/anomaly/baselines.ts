/** What is usual, as learnt from the values so far. */
export interface Usual {
  /** Values that it was learnt from. */
  readonly count: number
  readonly mean: number
  readonly stddev: number
}

/** A way to learn what is usual. What it knows of a group is a list of numbers. */
export interface Baseline {
  usual(known: readonly number[]): Usual
  learn(known: readonly number[], value: number): readonly number[]
}

/** Mean and spread of the last values, each with the same weight. It knows these values, the oldest first. */
export class LastValues implements Baseline {
  constructor(private readonly most: number) {}

  usual(known: readonly number[]): Usual {
    const count = known.length
    const [first = 0] = known
    // Rounding would find some spread in what has none.
    if (known.every((value) => value === first)) return { count, mean: first, stddev: 0 }
    let mean = 0
    for (const value of known) mean += value / count
    let squares = 0
    for (const value of known) squares += (value - mean) ** 2
    return { count, mean, stddev: Math.sqrt(squares / count) }
  }

  learn(known: readonly number[], value: number): readonly number[] {
    return [...(known.length < this.most ? known : known.slice(1)), value]
  }
}

/**
 * Mean and spread of all values, of which each weighs less the more came after it. It knows their count, mean and variance.
 * @see Finch, Incremental calculation of weighted mean and variance (2009), §9
 */
export class FadingValues implements Baseline {
  /** @param weight of the newest value */
  constructor(private readonly weight: number) {}

  usual([count = 0, mean = 0, variance = 0]: readonly number[]): Usual {
    return { count, mean, stddev: Math.sqrt(variance) }
  }

  learn([count = 0, mean = 0, variance = 0]: readonly number[], value: number): readonly number[] {
    if (count === 0) return [1, value, 0]
    const distance = value - mean
    const step = this.weight * distance
    return [count + 1, mean + step, (1 - this.weight) * (variance + distance * step)]
  }
}
