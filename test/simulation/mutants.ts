import { AppendIdentities, CommitRule, type Commit, type Engine, type RuleState } from '#libs/engine'
import type { FetchedRecord } from 'kafkajs/src/protocol/requests/index.js'
import type { Appender } from '../../src/kafka/appender.js'
import type { Log } from '../../src/kafka/broker.js'
import { KafkaEngine } from '../../src/kafka/kafka-engine.js'
import { PartitionRead } from '../../src/kafka/partition-read.js'
import type { Aim } from './profile.js'
import { simulate } from './simulate.js'
import { SimulatedCluster } from './simulated-cluster.js'
import { soundWiring, type Wiring } from './simulated-replica.js'

/** A rule of the design that is switched off. */
export interface Mutant {
  readonly wiring?: Wiring
  /** Steps that are to come more often, where it takes a rare order of them to see the fault. */
  readonly aim?: Aim
  /** Plants the fault in the program; returns what takes it out. */
  readonly plant?: () => () => void
}

type Method = (...args: never[]) => unknown

/** Puts a method in the place of one of `type`, whatever it lets others see of it. */
function replaced<This extends object, Args extends unknown[]>(
  type: { readonly prototype: This },
  name: string,
  replacement: (original: (...args: Args) => unknown, self: This, ...args: Args) => unknown,
): () => void {
  const original: unknown = Reflect.get(type.prototype, name)
  if (typeof original !== 'function') throw new Error(`${name} is no method any more`)
  const method = function (this: This, ...args: Args): unknown {
    return replacement((...passed) => Reflect.apply(original as Method, this, passed) as unknown, this, ...args)
  }
  Reflect.set(type.prototype, name, method)
  return () => Reflect.set(type.prototype, name, original)
}

type Numbered = Pick<Commit, 'epoch' | 'n'>

/** The rule asks about what `see` makes of a commit. */
const ruleThatSees =
  (see: (commit: Numbered, reached: RuleState) => Numbered): (() => () => void) =>
  () =>
    replaced<CommitRule, [Numbered]>(CommitRule, 'counts', (original, { reached }, commit) =>
      original(see(commit, reached)),
    )

/** The engine but for one method. */
const engineWith = (engine: KafkaEngine, methods: Partial<Engine>): Engine =>
  Object.assign(Object.create(engine) as Engine, methods)

export const mutants: Readonly<Record<string, Mutant>> = {
  'commits of any epoch count': {
    plant: ruleThatSees(({ n }, { epoch }) => ({ epoch, n })),
  },
  'commits of any number count': {
    plant: ruleThatSees(({ epoch }, { n }) => ({ epoch, n: n + 1 })),
  },
  'twins of appends are not told': {
    plant: () => replaced(AppendIdentities, 'admits', () => true),
  },
  'what is not seen is absent': {
    wiring: { ...soundWiring, forCalls: (engine) => engineWith(engine, { barrier: () => Promise.resolve() }) },
  },
  'a send is acked whatever the view lacks': {
    plant: () => replaced(KafkaEngine, 'standsBeforeSeal', () => Promise.resolve()),
  },
  'a seal does not wait for its grace': {
    aim: { 'last-words': 12, stall: 6 },
    wiring: {
      ...soundWiring,
      appendOf: (engine) => (partition, entry) => {
        const appender = (Reflect.get(engine, 'appenders') as readonly Appender[])[partition]
        return entry.kind === 'seal' && appender !== undefined
          ? appender.append(entry)
          : engine.append(partition, entry)
      },
    },
  },
  'a gap in a log is passed over': {
    plant: () =>
      replaced<PartitionRead, [readonly FetchedRecord[]]>(PartitionRead, 'add', (original, read, records) => {
        Reflect.set(read, 'next', Math.max(read.offset, Number(records[0]?.offset ?? 0)))
        return original(records)
      }),
  },
  'input is removed before it is committed': {
    aim: { burst: 20 },
    plant: () =>
      replaced<SimulatedCluster, [Log, number, number]>(
        SimulatedCluster,
        'trim',
        (original, _cluster, log, partition, before) => original(log, partition, log === 'input' ? Infinity : before),
      ),
  },
}

/** How many schedules, from `seed` on, it takes until one is violated; undefined if none of `most` is. */
export async function schedulesUntilRed(mutant: Mutant, seed: number, most: number): Promise<number | undefined> {
  const restore = mutant.plant?.()
  try {
    for (let count = 1; count <= most; count++)
      if ((await simulate((seed + count) >>> 0, mutant)).violations.length > 0) return count
    return undefined
  } finally {
    restore?.()
  }
}
