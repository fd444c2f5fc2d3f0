import { HttpException, Logger } from '@nestjs/common'
import { ApiError, ERRORS, type ErrorCode } from '#libs/contract'
import type { FastifyReply } from 'fastify'

const logger = new Logger('Http')

/** Fastify's own errors that are the client's doing. */
const FRAMEWORK_ERRORS: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
  FST_ERR_BAD_URL: 'invalid_stream_id',
  FST_ERR_MAX_PARAM_LENGTH: 'invalid_stream_id',
}

/** The same by status: Nest hands Fastify's errors on without their code. */
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  404: 'not_found',
  408: 'request_timeout',
  413: 'body_too_large',
  415: 'unsupported_media_type',
}

/** Errors of one code are logged this far apart, in ms: when it rains them the log must not be the slowest part. */
const LOGGED_MS = 1_000
const loggedAt = new Map<ErrorCode, number>()

/** Answers with the error as the API's table has it. What is not in the table is logged whole and answered as `internal`. */
export function sendError(reply: FastifyReply, error: unknown): void {
  const known = toApiError(error)
  if (known.status >= 500) log(known)
  const { headers } = known.detail
  if (headers !== undefined) void reply.headers(headers)
  if (ERRORS[known.code].status === 503) void reply.header('retry-after', '1')
  void reply.status(known.status).header('content-type', 'application/json; charset=utf-8').send(errorBody(known))
}

function log({ code, message, cause }: ApiError): void {
  const now = performance.now()
  if (code !== 'internal' && now - (loggedAt.get(code) ?? -Infinity) < LOGGED_MS) return
  loggedAt.set(code, now)
  logger.error({ code, message, cause: describe(cause) })
}

/** The JSON of an error. */
export const errorBody = ({ code, message, detail }: ApiError): string =>
  JSON.stringify({ status: 'error', code, message, ...detail.fields })

function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof HttpException) return fromHttpException(error)
  const { code, statusCode } = error as { code?: string; statusCode?: number }
  const known = code === undefined ? undefined : FRAMEWORK_ERRORS[code]
  if (known !== undefined) return new ApiError(known)
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return new ApiError('invalid_request')
  return new ApiError('internal', {}, { cause: error })
}

function fromHttpException(error: HttpException): ApiError {
  const known = BY_STATUS[error.getStatus()]
  if (known !== undefined) return new ApiError(known)
  const { message } = error.getResponse() as { message?: string | string[] }
  if (error.getStatus() < 500)
    return new ApiError('invalid_request', { message: [message ?? error.message].flat().join('; ') })
  return new ApiError('internal', {}, { cause: error })
}

const describe = (cause: unknown): unknown => (cause instanceof Error ? (cause.stack ?? cause.message) : cause)
