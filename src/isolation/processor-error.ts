/** Processors that cannot be used as they are: the message, of one line, says which and why. */
export class ProcessorError extends Error {
  override readonly name = 'ProcessorError'
}
