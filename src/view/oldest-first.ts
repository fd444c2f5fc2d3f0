interface Timed {
  /** Ms since 1970. */
  readonly at: number
}

/** Merges lanes, each of them in order of time, into one that is. Takes one from each at a time; closes them when it is closed. */
export function* oldestFirst<T extends Timed>(lanes: readonly Generator<T, void>[]): Generator<T, void> {
  const headOf = (lane: Generator<T, void>): { lane: typeof lane; head: T }[] => {
    const next = lane.next()
    return next.done === true ? [] : [{ lane, head: next.value }]
  }
  try {
    let waiting = lanes.flatMap(headOf)
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      const oldest = waiting.reduce((best, other) => (other.head.at < best.head.at ? other : best), first)
      yield oldest.head
      waiting = waiting.flatMap((one) => (one === oldest ? headOf(one.lane) : [one]))
    }
  } finally {
    for (const lane of lanes) lane.return()
  }
}
