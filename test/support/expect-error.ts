import { ERRORS } from '#libs/contract'
import type { ErrorCode } from '#libs/contract'

import type { Reply } from './http.js'

// What only the server's log may say: stack frames, names of files and of error classes.
const internals = /\bat .+:\d+|node_modules|\w\.[cm]?[jt]s\b|[A-Z][A-Za-z]*Error\b/

/** Checks that `reply` is the API's error `code`: its status and form, `fields` beside the message, nothing of the server's inside. */
export function expectError(reply: Reply, code: ErrorCode, fields: Readonly<Record<string, unknown>> = {}): void {
  expect(reply.body).toEqual({ status: 'error', code, message: expect.stringMatching(/./), ...fields })
  expect(reply.status).toBe(ERRORS[code].status)
  expect(reply.text).not.toMatch(internals)
  expect(reply.headers['content-type']).toMatch(/^application\/json\b/)
  if (reply.status === 503) expect(reply.headers['retry-after']).toMatch(/^[1-9][0-9]*$/)
}
