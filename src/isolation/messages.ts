import type { RunLimits } from '#libs/processor'
import type { PackedOutcomes, PackedWork } from './packed.js'

/** What a worker process is started with. */
export interface Setup {
  /** Files and folders with processors from outside. */
  readonly processors: readonly string[]
  readonly limits: RunLimits
  /** Of one input. */
  readonly timeoutMs: number
  /** Beyond what the process takes before it loads the processors. */
  readonly memoryBytes: number
}

/** What a worker process is told at its start. */
export interface Start extends Setup {
  /** Id of the server's process: by the time a worker process could look, the server may be gone. */
  readonly server: number
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
  /** Absolute path of the file it is from; undefined if it came with Millrace. */
  readonly file: string | undefined
}

/** The first message of a worker process: what it can run, or why it can run nothing. */
export type Ready =
  | { readonly kind: 'ready'; readonly processors: readonly Description[] }
  | { readonly kind: 'unusable'; readonly file: string | undefined; readonly reason: string }

/** Its answer to a task. */
export type Answer =
  | { readonly kind: 'done'; readonly outcomes: readonly PackedOutcomes[] }
  | { readonly kind: 'checked'; readonly refusal: Refusal | undefined }
