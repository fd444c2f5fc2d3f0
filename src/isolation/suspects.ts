import type { ResultErrorCode } from '#libs/contract'
import { failedOutcome, type Outcome } from '#libs/processor'
import type { NamedWork } from './packed.js'

/** Inputs of a stream that are not tried the first time its records have ended too many processes in one batch; twice as many each time. */
const FIRST_PENALTY = 500

/** Streams that are remembered; the oldest are forgotten. */
const MOST = 1_000

interface Suspect {
  readonly code: ResultErrorCode
  readonly penalty: number
  /** Inputs that are still not tried. */
  left: number
}

/**
 * Streams whose records end one process after the other. Each of them costs seconds in which all streams of the partition wait, so the
 * next records of such a stream are not tried: they get the error of those before.
 */
export class Suspects {
  private readonly streams = new Map<string, Suspect>()

  /** Outcomes of the work's first inputs, if they are not to be tried. */
  untried({ stream, inputs, timer }: NamedWork): Outcome[] {
    const suspect = this.streams.get(stream)
    if (suspect === undefined || suspect.left <= 0) return []
    const refused = inputs.slice(0, suspect.left)
    suspect.left -= refused.length
    return refused.map(({ kind }) => failedOutcome(suspect.code, kind === 'timer' ? undefined : timer))
  }

  /** The stream's records have ended too many processes. */
  add(stream: string, code: ResultErrorCode): void {
    const penalty = 2 * (this.streams.get(stream)?.penalty ?? FIRST_PENALTY / 2)
    this.streams.delete(stream)
    this.streams.set(stream, { code, penalty, left: penalty })
    const [oldest] = this.streams.keys()
    if (this.streams.size > MOST && oldest !== undefined) this.streams.delete(oldest)
  }

  /** A batch of the stream went well. */
  clear(stream: string): void {
    this.streams.delete(stream)
  }
}
