import { SetMetadata } from '@nestjs/common'
import type { ErrorCode } from '#libs/contract'

/** JSON Schema 2020-12, as OpenAPI 3.1 has it. */
export type Schema = Readonly<Record<string, unknown>>

/** A body of one media type. */
export interface Media {
  readonly schema: Schema
  /** From a real session, by name. */
  readonly examples?: Readonly<Record<string, unknown>>
}

export interface CallParameter {
  readonly in: 'query' | 'header'
  readonly name: string
  readonly description: string
  readonly schema: Schema
}

/** What the API document says of a call. Path parameters come from the route. */
export interface Call {
  /** The operation id: the name of the method in generated clients. */
  readonly id: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly CallParameter[]
  readonly body?: { readonly required: boolean; readonly content: Readonly<Record<string, Media>> }
  readonly answer: { readonly description: string; readonly content: Readonly<Record<string, Media>> }
  /** When the answer is an empty 204. */
  readonly noContent?: string
  /** Every error it can answer, but those of {@link ANY_CALL}. */
  readonly errors: readonly ErrorCode[]
}

/** Errors that any call can answer. */
export const ANY_CALL = ['invalid_request', 'request_timeout', 'headers_too_large', 'internal'] as const

const CALL = 'millrace:call'

/** Puts a route into the API document. Routes of one method and path share one call. */
export const Documented = (call: Call): MethodDecorator => SetMetadata(CALL, call)

/** What was said of a route by {@link Documented}. */
export const callOf = (handler: object): Call | undefined => Reflect.getMetadata(CALL, handler) as Call | undefined
