import { encodeCursor } from './cursor.js'

/**
 * The SSE text of a run of results: one event each, with its cursor as `id:`. `lines` are single-line JSON; `first` is the sequence
 * number of the first of them.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export function encodeResults(incarnation: string, first: number, lines: readonly string[]): string {
  let text = ''
  let seq = first
  for (const line of lines) text += `id: ${incarnation}-${seq++}\ndata: ${line}\n\n`
  return text
}

/** One event whose `data` is single-line JSON. Ids and names are the server's own: none may hold CR, LF or NUL. */
export function encodeEvent(event: { id?: string; name?: string; data: unknown }): string {
  const name = event.name === undefined ? '' : `event: ${event.name}\n`
  const id = event.id === undefined ? '' : `id: ${event.id}\n`
  return `${name}${id}data: ${JSON.stringify(event.data)}\n\n`
}

/** The first block of a response: how long to wait before reconnecting, and the starting position, which it sets without an event. */
export function encodeOpening(retryMs: number, cursor: string): string {
  return `retry: ${retryMs}\nid: ${cursor}\n\n`
}

/** A comment that shows both ends that the connection lives. */
export const HEARTBEAT = ':\n\n'

/** The named event that closes a stream of results; its id brings a 204 when it comes back, which stops an EventSource. */
export function encodeEnd(incarnation: string, name: 'end' | 'timeout', reason: string): string {
  return encodeEvent({ id: encodeCursor(incarnation, 'end'), name, data: { reason } })
}
