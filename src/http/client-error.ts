import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { ApiError, type ErrorCode } from '#libs/contract'
import type { Connections } from './connections.js'
import { errorBody } from './reply.js'

/** What Node says of bytes that never became a request; anything else is not HTTP. */
const CLIENT_ERRORS: Readonly<Record<string, ErrorCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
}

/**
 * Answers on the socket what no route can answer, and closes it. If another answer is due there, it only closes: a send before this may
 * be in the log, and a connection that is cut off claims nothing.
 * @see https://nodejs.org/api/http.html#event-clienterror
 */
export function refuseConnection(error: Error & { code?: string }, socket: Socket, connections: Connections): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (socket.writable && connections.canAnswer(socket)) socket.write(answerTo(error))
  socket.destroy(error)
}

function answerTo(error: { code?: string }): string {
  const answer = new ApiError(CLIENT_ERRORS[error.code ?? ''] ?? 'invalid_request')
  const body = errorBody(answer)
  const head = [
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}
