import type { OutgoingHttpHeaders } from 'node:http'

import { keepAliveAgent, request } from './http.js'
import type { Reply } from './http.js'

const json = { 'content-type': 'application/json' }

export interface CallOptions {
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
  /** Cuts the call off. */
  readonly signal?: AbortSignal | undefined
}

/** The calls of the API, one method each, with nothing added: no retry, no check of the reply. */
export class Client {
  private readonly agent = keepAliveAgent()

  /** @param timeoutMs how long an answer is waited for; default: long */
  constructor(
    readonly url: string,
    private readonly timeoutMs?: number,
  ) {}

  /** Without `id` the server makes one. */
  start(id?: string, options: Readonly<Record<string, unknown>> = {}): Promise<Reply> {
    return this.call('POST', id === undefined ? '/stream/start' : `${path(id)}/start`, {
      headers: json,
      body: JSON.stringify(options),
    })
  }

  send(id: string, data: unknown, headers: OutgoingHttpHeaders = {}, signal?: AbortSignal): Promise<Reply> {
    const body = JSON.stringify({ data })
    return this.call('POST', `${path(id)}/send`, { headers: { ...json, ...headers }, body, signal })
  }

  ndjson(
    id: string,
    values: readonly unknown[],
    headers: OutgoingHttpHeaders = {},
    signal?: AbortSignal,
  ): Promise<Reply> {
    const body = values.map((value) => `${JSON.stringify(value)}\n`).join('')
    const type = { 'content-type': 'application/x-ndjson' }
    return this.call('POST', `${path(id)}/send`, { headers: { ...type, ...headers }, body, signal })
  }

  end(id: string): Promise<Reply> {
    return this.call('POST', `${path(id)}/end`)
  }

  describe(id: string): Promise<Reply> {
    return this.call('GET', path(id))
  }

  list(query: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.call('GET', `/streams${search(query)}`)
  }

  delete(id: string): Promise<Reply> {
    return this.call('DELETE', path(id))
  }

  /** Results as one JSON page; `query` may hold `from`, `wait` and what else the call takes. */
  page(id: string, query: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.call('GET', `${path(id)}/results${search(query)}`, { headers: { accept: 'application/json' } })
  }

  call(method: string, pathAndQuery: string, { headers = {}, body, signal }: CallOptions = {}): Promise<Reply> {
    return request(`${this.url}${pathAndQuery}`, {
      method,
      headers: body === undefined ? headers : { 'content-length': Buffer.byteLength(body), ...headers },
      agent: this.agent,
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
      ...(this.timeoutMs !== undefined && { timeoutMs: this.timeoutMs }),
    })
  }
}

function path(id: string): string {
  return `/stream/${encodeURIComponent(id)}`
}

function search(query: Readonly<Record<string, string>>): string {
  const text = new URLSearchParams(query).toString()
  return text === '' ? '' : `?${text}`
}
