const keys = 100
const text = 'the wheel turns as long as water runs'

/** An arbitrary day that is over: a time ahead of its arrival would be refused. */
const firstTimeMs = Date.UTC(2026, 0, 1)
const everyMs = 10

/** Each sensor has its outlier once in so many of its readings, more than `anomaly` looks back. */
const outlierEvery = 50
/** So many of a sensor's readings are only learnt from, by default. */
const warmUp = 10
const outlierValue = 1000

/** A reading of one of 100 sensors, in turn: every built-in processor finds in it what it works with. */
export interface Reading {
  /** First, where a reader finds it without parsing. */
  readonly n: number
  /** Of 200 records one after the other the second hundred repeats those of the first. */
  readonly id: string
  /** 10 ms after the one before. */
  readonly time: number
  readonly sensor: string
  /** 20 to 24, and once in a while 1000. */
  readonly value: number
  readonly text: string
}

export function readingOf(n: number): Reading {
  const id = `id-${Math.floor(n / (2 * keys))}-${n % keys}`
  return { n, id, time: firstTimeMs + n * everyMs, sensor: `sensor-${n % keys}`, value: valueOf(n), text }
}

/** Of about 140 bytes. */
export function readingText(n: number): string {
  return JSON.stringify(readingOf(n))
}

export const isFirstOfItsId = (n: number): boolean => n % (2 * keys) < keys

export const isOutlier = (n: number): boolean =>
  (timesBefore(n) + (n % keys)) % outlierEvery === outlierEvery - 1 && timesBefore(n) >= warmUp

function valueOf(n: number): number {
  return isOutlier(n) ? outlierValue : 20 + (timesBefore(n) % 5)
}

/** Readings of the same sensor before this one. */
const timesBefore = (n: number): number => Math.floor(n / keys)
