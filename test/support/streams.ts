import type { Client } from './client.js'
import type { Reply } from './http.js'
import { SseReader } from './sse-reader.js'
import type { SseReaderOptions } from './sse-reader.js'
import { until } from './until.js'

/** A new stream under an id made by the server. */
export async function startStream(client: Client, settings: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const reply = await client.start(undefined, settings)
  if (reply.status !== 200) throw new Error(`start was answered ${reply.text}`)
  return String(reply.body.stream_id)
}

/** Starts a stream that has ended or was deleted anew, as soon as that is over: until then the answer is a retryable 409. */
export async function startAnew(
  client: Pick<Client, 'start'>,
  id: string,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Reply> {
  return await until(`${id} is over and starts anew`, async () => {
    const reply = await client.start(id, settings)
    if (reply.status === 200) return reply
    if (reply.status !== 409 || reply.body.code !== 'stream_closing')
      throw new Error(`start was answered ${reply.text}`)
    return undefined
  })
}

/** One result as a JSON page has it. */
export interface Result {
  readonly id: string
  readonly status: string
  readonly data?: unknown
  /** Of an error. */
  readonly code?: string
}

/** The first `count` results of a stream, waited for. */
export async function firstResults(client: Client, id: string, count: number): Promise<readonly Result[]> {
  const results: Result[] = []
  let from = 'earliest'
  await until(`${id} has ${count} results`, async () => {
    const { body } = await client.page(id, { from, wait: '1000', limit: '1000' })
    results.push(...((body.results ?? []) as Result[]))
    from = String(body.next)
    return results.length >= count
  })
  return results
}

/** The same, without their cursors. */
export async function firstOutcomes(client: Client, id: string, count: number): Promise<readonly unknown[]> {
  const results = await firstResults(client, id, count)
  return results.map(({ id: _id, ...result }) => result)
}

/** What the stream has made of everything sent up to now: a last record is sent, and what stands before its result is returned. */
export async function resultsSoFar(client: Client, id: string): Promise<readonly unknown[]> {
  const mark = `MARK ${id}`
  await client.send(id, mark)
  const results: unknown[] = []
  let from = 'earliest'
  await until(`the mark is in the results of ${id}`, async () => {
    const { body } = await client.page(id, { from, wait: '1000', limit: '1000' })
    results.push(...((body.results ?? []) as Result[]).map(({ data }) => data))
    from = String(body.next)
    return results.at(-1) === mark.toUpperCase() || results.at(-1) === mark
  })
  return results.slice(0, -1)
}

/** A reader of a stream's results. */
export function readResults(
  client: Client,
  id: string,
  options: SseReaderOptions & { readonly from?: string } = {},
): SseReader {
  const query = options.from === undefined ? '' : `?from=${encodeURIComponent(options.from)}`
  return new SseReader(`${client.url}/stream/${encodeURIComponent(id)}/results${query}`, options)
}

/** Waits until a reader's first block has come: from then on it has a position. */
export async function opened(reader: SseReader): Promise<SseReader> {
  await until('the reader has its first position', () => reader.lastEventId !== '')
  return reader
}

/** The values of a reader's results, without named events. */
export function valuesOf(reader: SseReader): unknown[] {
  return reader.events
    .filter(({ event }) => event === 'message')
    .map(({ data }) => (JSON.parse(data) as { data: unknown }).data)
}
