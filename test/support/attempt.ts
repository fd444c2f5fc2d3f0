import { ERRORS } from '#libs/contract'
import type { ErrorCode, ErrorRow } from '#libs/contract'

import type { History } from './history.js'
import type { Reply } from './http.js'

/** What became of one attempt of a call. */
export interface Answer {
  readonly outcome: 'acked' | 'refused' | 'unknown'
  /** Whether the same attempt can do better later. */
  readonly mayRetry: boolean
  /** Empty where there was no reply. */
  readonly body: Reply['body']
}

// Under kills nothing else is allowed: a 500, or a 404 for a stream whose start was acked, is a fault.
const allowed: readonly ErrorCode[] = [
  'overloaded',
  'view_behind',
  'append_unknown',
  'shutting_down',
  'log_unavailable',
]

/** Judges one attempt by what the client can know, and notes replies that should not be. `expected`: codes besides the usual, by the time of the answer. */
export async function attempt(
  history: History,
  call: Promise<Reply>,
  expected: () => readonly ErrorCode[] = () => [],
): Promise<Answer> {
  try {
    const { call: asked, status, body, text } = await call
    if (status === 200 && body.status === 'success') return { outcome: 'acked', mayRetry: false, body }
    const { code } = body
    history.fail(`${status} ${String(code)}`)
    const row: ErrorRow | undefined = isCode(code) ? ERRORS[code] : undefined
    const isFine = isCode(code) && row?.status === status && [...allowed, ...expected()].includes(code)
    if (!isFine) history.anomalies.push(`${asked}: ${status} ${text.slice(0, 300)}`)
    return {
      outcome: row?.outcome === 'nothing-happened' ? 'refused' : 'unknown',
      mayRetry: row?.retry ?? true,
      body,
    }
  } catch (cause) {
    const { code = 'no answer' } = cause as NodeJS.ErrnoException
    history.fail(code)
    // Refused by the system: no byte of the request reached the program.
    const isRefused = code === 'ECONNREFUSED'
    return { outcome: isRefused ? 'refused' : 'unknown', mayRetry: true, body: {} }
  }
}

function isCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && code in ERRORS
}
