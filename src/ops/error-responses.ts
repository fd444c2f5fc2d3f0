import { ERRORS, type ErrorCode, type ErrorRow } from '#libs/contract'
import type { Schema } from '../http/call.js'

const CODES = Object.keys(ERRORS) as ErrorCode[]

const rowOf = (code: ErrorCode): ErrorRow => ERRORS[code]

/** What a client must know of an error before it tries again. */
const traits = (codes: readonly ErrorCode[]): Record<string, unknown> =>
  Object.fromEntries(
    codes.map((code) => [code, { retryable: rowOf(code).retry, outcome: rowOf(code).outcome }] as const),
  )

/** Schemas of what every error has. */
export const ERROR_SCHEMAS: Readonly<Record<string, Schema>> = {
  ErrorCode: { type: 'string', enum: CODES, 'x-errors': traits(CODES), description: 'Stable; decide by it.' },
  ApiError: {
    type: 'object',
    properties: {
      status: { const: 'error' },
      code: { $ref: '#/components/schemas/ErrorCode' },
      message: { type: 'string', description: 'For people: what to do. It may change.' },
    },
    required: ['status', 'code', 'message'],
  },
}

/** The responses of a call that can answer these errors, by HTTP status. */
export function errorResponses(codes: readonly ErrorCode[]): Record<string, unknown> {
  const statuses = [...new Set(codes.map((code) => rowOf(code).status))].sort((one, other) => one - other)
  return Object.fromEntries(
    statuses.map((status) => {
      const here = CODES.filter((code) => codes.includes(code) && rowOf(code).status === status)
      return [String(status), response(status, here)]
    }),
  )
}

/** Answers to requests that are no call of the API. */
export const NO_CALL: Readonly<Record<string, unknown>> = {
  NotFound: { ...response(404, ['not_found']) },
  MethodNotAllowed: {
    ...response(405, ['method_not_allowed']),
    headers: { Allow: { required: true, schema: { type: 'string' }, description: 'The methods of this address.' } },
  },
}

function response(status: number, codes: readonly ErrorCode[]): Record<string, unknown> {
  return {
    description: codes.map((code) => `\`${code}\`: ${rowOf(code).message}`).join('\n\n'),
    'x-errors': traits(codes),
    ...(status === 503 && {
      headers: {
        'Retry-After': {
          required: true,
          schema: { type: 'integer' },
          description: 'Seconds to wait before the next try.',
        },
      },
    }),
    content: {
      'application/json': {
        schema: { allOf: [{ $ref: '#/components/schemas/ApiError' }, narrowed(codes)] },
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }])),
      },
    },
  }
}

/** Which codes these are, and what stands beside them. */
function narrowed(codes: readonly ErrorCode[]): Schema {
  const fields = codes.flatMap((code) => Object.entries(rowOf(code).fields ?? {}))
  return {
    type: 'object',
    properties: {
      code: { type: 'string', enum: codes },
      ...Object.fromEntries(fields.map(([name, description]) => [name, { type: 'integer', description }])),
    },
    required: ['code'],
  }
}

function exampleOf(code: ErrorCode): Record<string, unknown> {
  const { message, fields = {} } = rowOf(code)
  return {
    status: 'error',
    code,
    message,
    ...Object.fromEntries(Object.keys(fields).map((name) => [name, 3])),
  }
}
