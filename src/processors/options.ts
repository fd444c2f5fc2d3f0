import type { JsonSchema } from '#libs/processor'

/** A year. */
const LONGEST_MS = 31_536_000_000

/** Options that several processors have. */
export const msOption = (description: string, more: JsonSchema = {}): JsonSchema => ({
  description,
  type: 'integer',
  minimum: 1,
  maximum: LONGEST_MS,
  ...more,
})

export const fieldOption = (description: string): JsonSchema => ({
  description: `${description} Names of members separated by dots, such as reading.temperature.`,
  type: 'string',
  minLength: 1,
  maxLength: 256,
})

export const optionsSchema = (properties: JsonSchema, ...required: readonly string[]): JsonSchema => ({
  type: 'object',
  additionalProperties: false,
  properties,
  required,
})
