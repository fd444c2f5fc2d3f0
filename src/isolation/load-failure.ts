import { ProcessorError } from './processor-error.js'

/** A worker process could not load what it is to run. */
export class LoadFailure extends ProcessorError {
  /**
   * @param file absolute path of the file that it could not load; undefined if the process itself could not be begun
   * @param reason a sentence about "it"
   */
  constructor(
    readonly file: string | undefined,
    readonly reason: string,
  ) {
    super(
      file === undefined
        ? `A worker process cannot be begun: ${reason}`
        : `PROCESSORS: ${file} cannot be loaded: ${reason}`,
    )
  }
}
