import type { KafkaCluster } from '../support/kafka-cluster.js'
import type { KafkaProcesses } from '../support/kafka-processes.js'
import type { Random } from '../support/random.js'
import type { Violation } from '../support/violation.js'
import type { Counts } from './counts.js'

/** What a fault is given to happen on. */
export interface Ground {
  readonly cluster: KafkaCluster
  /** Keeps the replicas, with a folder for all they write. */
  readonly processes: KafkaProcesses
  /** The folder that holds `dist`: this package's, or a mutant's. */
  readonly programFolder: string
  readonly random: Random
  /** The short form: fewer rounds. */
  readonly quick: boolean
  readonly progress: (text: string) => void
}

/** A time that the issue wants to be short. It is reported, and does not decide: machines differ. */
export interface Target {
  readonly name: string
  readonly ms: number
  readonly atMostMs: number
}

export interface Outcome {
  readonly counts: Counts
  readonly violations: readonly Violation[]
  readonly targets?: readonly Target[]
  /** What the counts do not say. */
  readonly notes?: readonly string[]
}

export interface Fault {
  readonly name: string
  readonly title: string
  /** Whether it belongs to the short form. */
  readonly quick: boolean
  /** It has failed when it takes longer. */
  readonly limitMs: number
  run(ground: Ground): Promise<Outcome>
}
