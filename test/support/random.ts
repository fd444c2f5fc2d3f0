/** A repeatable source of choices: the same seed makes the same ones. Not for secrets. */
export interface Random {
  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number
  chance(probability: number): boolean
  pick<T>(choices: readonly [T, ...T[]]): T
}

/** mulberry32: 32 bits of state, good enough to vary a schedule. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    int: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: (probability) => next() < probability,
    pick: (choices) => choices[Math.floor(next() * choices.length)] ?? choices[0],
  }
}

/** The seed of this run: `SEED` where it is set, else a new one. It is printed, so that a red run can be had again. */
export function announcedSeed(testName: string): number {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 32))
  process.stderr.write(`${testName}: SEED=${seed}\n`)
  return seed
}
