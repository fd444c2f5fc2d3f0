import { Agent, request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'

import { afterTests } from './clean-up.js'

export interface Reply {
  /** What was asked: method and address. */
  readonly call: string
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** The parsed JSON; empty where the reply is no JSON object. */
  readonly body: Readonly<Record<string, unknown>>
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Uint8Array
  readonly agent?: Agent
  readonly signal?: AbortSignal
  /** A server that does not answer at all must fail a test, not hang it. */
  readonly timeoutMs?: number
}

/**
 * One HTTP request on node:http, which shows errors as they are and retries nothing, unlike fetch.
 * @throws the socket's error; `ECONNREFUSED` alone proves that the server saw nothing
 */
export function request(url: string, options: RequestOptions = {}): Promise<Reply> {
  const { method = 'GET', headers = {}, body, agent, signal, timeoutMs = 30_000 } = options
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      url,
      { method, headers, agent, timeout: timeoutMs, ...(signal && { signal }) },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const { statusCode: status = 0, headers } = incoming
          resolve({ call: `${method} ${url}`, status, headers, text, body: parseObject(text) })
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer from ${method} ${url} in ${timeoutMs} ms`)))
    outgoing.end(body)
  })
}

/** Keep-alive connections of one test client; closed after the tests. */
export function keepAliveAgent(): Agent {
  const agent = new Agent({ keepAlive: true })
  afterTests(() => agent.destroy())
  return agent
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {} // SSE, HTML and empty replies: the test that cares looks at `text`.
  }
}
