import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { ApiError } from '#libs/contract'
import { OptionsError, type JsonSchema, type ProcessorIdentity, type RecordProcessor } from '#libs/processor'

const NO_OPTIONS: JsonSchema = { type: 'object', additionalProperties: false }

/** A processor, and what may be asked of it when a stream starts. */
export class KnownProcessor {
  readonly optionsSchema: JsonSchema
  readonly stateVersion: number
  private readonly validate: ValidateFunction

  /** @throws Error if the schema of its options is none */
  constructor(
    readonly identity: ProcessorIdentity,
    readonly instance: RecordProcessor,
  ) {
    this.optionsSchema = identity.options ?? NO_OPTIONS
    this.stateVersion = identity.stateVersion ?? 1
    this.validate = new Ajv({ useDefaults: true, strict: true }).compile(this.optionsSchema)
  }

  get name(): string {
    return this.identity.name
  }

  /** Options as given at a stream's start, with defaults filled in. @throws ApiError `invalid_processor_options` */
  optionsFor(given: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    const options = structuredClone(given)
    if (!this.validate(options)) throw refused(...problemOf(this.validate.errors?.[0]))
    try {
      this.instance.check?.(options)
    } catch (error) {
      if (error instanceof OptionsError) throw refused(error.field, error.message)
      throw error
    }
    return options
  }
}

const refused = (field: string, problem: string): ApiError =>
  new ApiError('invalid_processor_options', { message: `processor_options${field && '.'}${field}: ${problem}` })

/** The bad field, as a path such as `window.size_ms`, and what is wrong with it. */
function problemOf(error: ErrorObject | undefined): [field: string, problem: string] {
  const { instancePath = '', message = 'is not allowed', params = {} } = error ?? {}
  const { additionalProperty, missingProperty, allowedValues } = params as Record<string, unknown>
  const path = instancePath.slice(1).replaceAll('/', '.')
  const within = (name: unknown): string => [path, String(name)].filter((part) => part !== '').join('.')
  if (additionalProperty !== undefined) return [within(additionalProperty), 'there is no such option.']
  if (missingProperty !== undefined) return [within(missingProperty), 'this option is needed.']
  if (Array.isArray(allowedValues)) return [path, `must be one of ${allowedValues.join(', ')}.`]
  return [path, `${message}.`]
}
