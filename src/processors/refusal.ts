import { OptionsError, type RecordProcessor } from '#libs/processor'
import type { Refusal } from '../isolation/messages.js'

/**
 * What a processor has against options beyond their schema.
 * @throws what its check throws, unless that is an error with a field, as an {@link OptionsError} is
 */
export function refusalOf(processor: RecordProcessor, options: unknown): Refusal | undefined {
  try {
    processor.check?.(options)
    return undefined
  } catch (error) {
    // Processors without types may throw any error with a member `field`.
    const { field, message } = (error ?? {}) as { field?: unknown; message?: unknown }
    if (error instanceof OptionsError || typeof field === 'string')
      return { field: String(field), message: String(message) }
    throw error
  }
}
