import type { RunLimits } from '#libs/processor'
import type { PackedOutcomes, PackedWork } from './packed.js'

/** What a worker process is started with. */
export interface Setup {
  /** Files and folders with processors from outside. */
  readonly processors: readonly string[]
  readonly limits: RunLimits
  /** Of one input. */
  readonly timeoutMs: number
  /** Beyond what the process takes when it has loaded the processors. */
  readonly memoryBytes: number
}

/** What a worker process is asked to do; one thing at a time. */
export type Task =
  | { readonly kind: 'run'; readonly works: readonly PackedWork[] }
  | { readonly kind: 'check'; readonly processor: string; readonly options: unknown }

/** Why options cannot be used: `field` is the bad one. */
export interface Refusal {
  readonly field: string
  readonly message: string
}

/** A processor as a worker process found it. */
export interface Description {
  /** As its class has them; nobody has looked at them. */
  readonly settings: unknown
  /** Whether it has what it needs to be run. */
  readonly runs: boolean
  /** Whether it has more to say of options than their schema does. */
  readonly checks: boolean
  /** Whether it came with Millrace. */
  readonly builtIn: boolean
}

/** The first message of a worker process: what it can run, or why it can run nothing. */
export type Ready =
  | { readonly kind: 'ready'; readonly processors: readonly Description[] }
  | { readonly kind: 'unusable'; readonly message: string }

/** Its answer to a task. */
export type Answer =
  | { readonly kind: 'done'; readonly outcomes: readonly PackedOutcomes[] }
  | { readonly kind: 'checked'; readonly refusal: Refusal | undefined }

/** Descriptor of the pipe on which the watchdog says, last thing, why it ends the process. */
export const REPORT_FD = 3

/** What it says there. */
export interface Report {
  readonly cause: 'timeout' | 'memory'
  /** Which of the task's works was being done, if any was. */
  readonly work?: number
}
