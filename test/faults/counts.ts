import type { History, ReaderHistory } from '../support/history.js'
import type { Violation, ViolationKind } from '../support/violation.js'

/** What a run comes to. */
export interface Counts {
  readonly acked: number
  readonly refused: number
  /** Sends of which their clients do not know whether they were taken. */
  readonly unknown: number
  readonly lost: number
  readonly duplicated: number
  readonly outOfOrder: number
  /** Every other violation, such as an answer that no promise allows. */
  readonly other: number
  /** The longest that any one stream took no send, from one ack to the next. */
  readonly ackGapMs: number
  /** The longest that no reader of any one stream got anything, from one result to the next. */
  readonly deliveryGapMs: number
}

const lost: readonly ViolationKind[] = ['lost']
const duplicated: readonly ViolationKind[] = ['doubled', 'repeated']
const outOfOrder: readonly ViolationKind[] = ['out-of-order', 'skipped', 'torn']

export function count(history: History, violations: readonly Violation[]): Counts {
  const streams = [...history.streams.values()]
  const sends = streams.flatMap((stream) => stream.sends)
  const ofKinds = (kinds: readonly ViolationKind[]): number =>
    violations.filter(({ kind }) => kinds.includes(kind)).length
  return {
    acked: sends.filter(({ outcome }) => outcome === 'acked').length,
    refused: sends.filter(({ outcome }) => outcome === 'refused').length,
    unknown: sends.filter(({ outcome }) => outcome === 'unknown' || outcome === 'pending').length,
    lost: ofKinds(lost),
    duplicated: ofKinds(duplicated),
    outOfOrder: ofKinds(outOfOrder),
    other: violations.length - ofKinds([...lost, ...duplicated, ...outOfOrder]),
    ackGapMs: Math.max(0, ...streams.map(({ ackedAt }) => longestGap(ackedAt))),
    deliveryGapMs: Math.max(0, ...streams.map(({ readers }) => longestGap(firstSeen(readers)))),
  }
}

/** When each result came to the first of the readers that got it. */
export function firstSeen(readers: readonly ReaderHistory[]): number[] {
  const seen = new Map<string, number>()
  for (const { events, receivedAt = [] } of readers) {
    for (const [index, { event, id }] of events.entries()) {
      const at = receivedAt[index]
      if (event === 'message' && at !== undefined) seen.set(id, Math.min(at, seen.get(id) ?? Infinity))
    }
  }
  return [...seen.values()].sort((a, b) => a - b)
}

/** Between two neighbours of a rising list. */
export function longestGap(instants: readonly number[]): number {
  let longest = 0
  for (const [index, at] of instants.entries()) longest = Math.max(longest, at - (instants[index - 1] ?? at))
  return longest
}
