import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { ApiError } from '#libs/contract'
import type { JsonSchema, ProcessorIdentity, RecordProcessor } from '#libs/processor'
import type { Refusal } from '../isolation/messages.js'

const NO_OPTIONS: JsonSchema = { type: 'object', additionalProperties: false }

/** A processor, and what may be asked of it when a stream starts. */
export class KnownProcessor {
  readonly optionsSchema: JsonSchema
  readonly stateVersion: number
  private compiled: ValidateFunction | undefined

  /**
   * @param instance of a processor that may run beside the server's own work; others run elsewhere
   * @param check says what it has against options beyond their schema, if it may have something
   */
  constructor(
    readonly identity: ProcessorIdentity,
    readonly instance: RecordProcessor | undefined,
    private readonly check?: (options: unknown) => Promise<Refusal | undefined>,
  ) {
    this.optionsSchema = identity.options ?? NO_OPTIONS
    this.stateVersion = identity.stateVersion ?? 1
  }

  get name(): string {
    return this.identity.name
  }

  /** Options as given at a stream's start, with defaults filled in. @throws ApiError `invalid_processor_options` */
  async optionsFor(given: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>> {
    const options = structuredClone(given)
    const validate = this.compile()
    if (!validate(options)) throw refused(...problemOf(validate.errors?.[0]))
    const refusal = await this.check?.(options)
    if (refusal !== undefined) throw refused(refusal.field, refusal.message)
    return options
  }

  /**
   * The schema of its options, compiled when it is first asked for: those of all built-in ones took a sixth of a server's start.
   * @throws Error if it is none
   */
  compile(): ValidateFunction {
    return (this.compiled ??= new Ajv({ useDefaults: true, strict: true }).compile(this.optionsSchema))
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
