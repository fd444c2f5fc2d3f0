import type { Client } from './client.js'
import { SseParser } from './sse-parser.js'
import type { ParsedEvent } from './sse-parser.js'

/** Where reading is to begin. */
export interface Where {
  readonly from?: string
  readonly lastEventId?: string
}

/** What a reader got of a stream that is over: the same for an event stream and for a page of JSON. */
export interface Reading {
  readonly status: number
  /** Of an error. */
  readonly code?: unknown
  readonly reset?: unknown
  readonly values?: readonly unknown[]
  /** Why the stream is over. */
  readonly end?: unknown
}

/** All a connection brings until the server closes it. */
export interface Connection {
  readonly status: number
  readonly code?: unknown
  /** Positions in order, those without an event too. */
  readonly positions: readonly string[]
  readonly events: readonly ParsedEvent[]
}

/** Reads an event stream until the server closes it, without coming back. */
export async function readConnection(client: Client, path: string, where: Where): Promise<Connection> {
  const { status, text, body } = await client.call('GET', path + queryOf(where), headersOf('text/event-stream', where))
  const positions: string[] = []
  const events: ParsedEvent[] = []
  const ignore = (): void => undefined
  const parser = new SseParser('', {
    id: (id) => {
      if (id !== '') positions.push(id)
    },
    event: (event) => void events.push(event),
    retry: ignore,
    comment: ignore,
  })
  if (status === 200) parser.push(Buffer.from(text))
  return { status, ...(status >= 400 && { code: body.code }), positions, events }
}

/** Reads a stream that is over as an event stream. */
export async function readEvents(client: Client, id: string, where: Where): Promise<Reading> {
  const { status, code, events } = await readConnection(client, `/stream/${id}/results`, where)
  if (status !== 200) return { status, ...(code !== undefined && { code }) }
  const dataOf = (name: string): Record<string, unknown>[] =>
    events.filter(({ event }) => event === name).map(({ data }) => JSON.parse(data) as Record<string, unknown>)
  const [[reset], [end]] = [dataOf('reset'), [...dataOf('end'), ...dataOf('timeout')]]
  const values = dataOf('message').map(({ data }) => data)
  return { status, ...(reset && { reset }), values, ...(end && { end: end.reason }) }
}

/** Reads a stream that is over as a page of JSON. */
export async function readPage(client: Client, id: string, where: Where): Promise<Reading> {
  const path = `/stream/${id}/results${queryOf(where)}`
  const { status, body } = await client.call('GET', path, headersOf('application/json', where))
  if (status !== 200) return { status, ...(body.code !== undefined && { code: body.code }) }
  const { results, reset, end } = body as { results: { data: unknown }[]; reset?: unknown; end?: { reason: unknown } }
  const values = results.map(({ data }) => data)
  return { status, ...(reset !== undefined && { reset }), values, ...(end && { end: end.reason }) }
}

function queryOf({ from }: Where): string {
  return from === undefined ? '' : `?from=${encodeURIComponent(from)}`
}

function headersOf(accept: string, { lastEventId }: Where): { headers: Record<string, string> } {
  return { headers: { accept, ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) } }
}
