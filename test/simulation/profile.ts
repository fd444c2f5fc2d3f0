import type { Random } from '../support/random.js'
import type { ClusterFaults } from './simulated-cluster.js'

/** What a schedule is made of: not all at once, so that each kind of trouble also comes alone. */
export interface Profile {
  readonly faults: ClusterFaults
  readonly steps: number
  /** Between two steps, at most, in ms. */
  readonly paceMs: number
  /** Streams end when they are idle. */
  readonly expires: boolean
  /** How long owners keep commits, in ms of log time. */
  readonly retentionMs: number
  /** Sends carry a key, and are repeated until they are answered. */
  readonly keyed: boolean
  /** What happens, each as often as its number says. */
  readonly weights: Readonly<Record<StepKind, number>>
}

export const stepKinds = [
  'send',
  'burst',
  'start',
  'end',
  'last-words',
  'delete',
  'arrive',
  'crash',
  'lose-disk',
  'close',
  'pause',
  'stall',
  'rebalance',
  'jump',
  'trim',
  'read',
  'move',
  'rest',
] as const

export type StepKind = (typeof stepKinds)[number]

/** A retention that many schedules outlast, and one that none does. */
const SHORT_MS = 8_000
const LONG_MS = 24 * 3_600_000

/** How often steps come, whatever the profile says. */
export type Aim = Partial<Profile['weights']>

export function drawProfile(random: Random, aim: Aim = {}): Profile {
  const trims = random.chance(0.3)
  // A stream that is over is forgotten with the commits that tell of it.
  const ends = (weight: number): number => (!trims && random.chance(0.7) ? weight : 0)
  const some = (probability: number, weight: number): number => (random.chance(probability) ? weight : 0)
  return {
    faults: {
      append: random.pick([0, 0.05, 0.15, 0.3]),
      gap: trims ? 0 : random.pick([0, 0.2]),
      extents: random.pick([0, 0.1]),
      slow: random.pick([0, 0.02, 0.2]),
    },
    steps: random.int(30, 80),
    paceMs: random.pick([30, 150, 600]),
    expires: !trims && random.chance(0.2),
    retentionMs: trims ? random.pick([SHORT_MS, LONG_MS]) : LONG_MS,
    // What is remembered of keys goes with the commits that hold it.
    keyed: !trims && random.chance(0.5),
    weights: {
      send: 14,
      burst: 3,
      start: ends(2),
      end: ends(2),
      'last-words': ends(3),
      delete: ends(1),
      arrive: some(0.7, 1),
      crash: some(0.7, 1),
      'lose-disk': some(0.4, 1),
      close: some(0.4, 1),
      pause: some(0.6, 1),
      stall: some(0.6, 2),
      rebalance: trims ? 3 : some(0.6, 2),
      jump: some(0.4, 1),
      trim: trims ? 3 : 0,
      read: 2,
      move: 3,
      rest: some(0.3, 1),
      ...aim,
    },
  }
}
