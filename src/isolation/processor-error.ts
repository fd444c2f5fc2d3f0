import { StartError } from '../start-error.js'

/** Processors that cannot be used as they are: the message, of one line, says which and why. */
export class ProcessorError extends StartError {
  override readonly name = 'ProcessorError'
}
