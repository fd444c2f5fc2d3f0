import type { ResultErrorCode } from '#libs/contract'
import type { End } from './reports.js'

/** Ends that are V8's own when it gets no more memory, or the kernel's when there is none. */
const FOR_LACK_OF_MEMORY: readonly (string | null)[] = ['SIGABRT', 'SIGTRAP', 'SIGILL', 'SIGKILL']

/** A worker process ended before it had done its task. */
export class Death extends Error {
  override readonly name = 'Death'

  /** @param work which of the task's works it was at, if that is known */
  constructor(
    readonly code: ResultErrorCode,
    readonly work?: number,
  ) {
    super(`A worker process ended over its task: ${code}.`)
  }

  /**
   * What an end says of the record it came with.
   * @param end what the watchdog said, if it was the watchdog
   */
  static of(end: End | undefined, signal: string | null): Death {
    if (end !== undefined)
      return new Death(end.cause === 'timeout' ? 'processor_timeout' : 'processor_out_of_memory', end.work)
    return new Death(FOR_LACK_OF_MEMORY.includes(signal) ? 'processor_out_of_memory' : 'processor_failed')
  }
}
