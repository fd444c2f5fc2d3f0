import { poll } from '../harness/deadline.js'
import { spread } from './connection-pool.js'
import { HttpConnection, type Reply } from './http-connection.js'

const controlConnections = 16

/** The part of a description (GET /stream/{id}) that says how far a stream is. */
export interface Progress {
  /** Number of the newest result. */
  readonly latest: number
  /** Log entries not processed yet. */
  readonly lag: number
}

export function ids(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`)
}

/** @throws what the server answered, if it is not a success */
export function accepted(reply: Reply): Reply {
  if (reply.status !== 200) throw new Error(`${reply.status} ${reply.body.slice(0, 200)}`)
  return reply
}

/** What a stream is started with; nothing for the defaults. */
export interface StreamStart {
  readonly processor?: string
  readonly processor_options?: object
}

export async function startStreams(
  port: number,
  streams: readonly string[],
  connections = controlConnections,
  start: StreamStart = {},
): Promise<void> {
  const body = Object.keys(start).length === 0 ? '' : JSON.stringify(start)
  await spread(port, connections, streams.length, async (connection, index) => {
    accepted(await connection.request('POST', `/stream/${streams[index] ?? ''}/start`, body))
  })
}

export async function endStreams(port: number, streams: readonly string[]): Promise<void> {
  await spread(port, controlConnections, streams.length, async (connection, index) => {
    accepted(await connection.request('POST', `/stream/${streams[index] ?? ''}/end`))
  })
}

/** How far `stream` is; undefined if there is no such stream. */
export async function describe(connection: HttpConnection, stream: string): Promise<Progress | undefined> {
  const reply = await connection.request('GET', `/stream/${stream}`)
  return reply.status === 404 ? undefined : (JSON.parse(accepted(reply).body) as Progress)
}

/**
 * Waits until nothing is left to process in `streams`, and asks so seldom that the server is not kept from it.
 * @returns when that was found, as performance.now()
 * @throws if it takes longer than `limitMs`
 */
export async function processed(port: number, streams: readonly string[], limitMs: number): Promise<number> {
  const connection = await HttpConnection.open(port)
  try {
    for (const stream of streams) {
      const done = await poll(limitMs, 5, async () => (await describe(connection, stream))?.lag === 0)
      if (!done) throw new Error(`${stream} is not processed after ${limitMs} ms`)
    }
    return performance.now()
  } finally {
    connection.close()
  }
}

/**
 * Waits until nothing is left to process in those of `streams` that exist, and answers the sum of their newest result numbers.
 * @throws if that takes longer than `limitMs`
 */
export async function drained(port: number, streams: readonly string[], limitMs: number): Promise<number> {
  const until = performance.now() + limitMs
  let total = 0
  await spread(port, controlConnections, streams.length, async (connection, index) => {
    let progress = await describe(connection, streams[index] ?? '')
    while (progress !== undefined && progress.lag > 0) {
      if (performance.now() > until) throw new Error(`lag is still ${progress.lag} after ${limitMs} ms`)
      progress = await describe(connection, streams[index] ?? '')
    }
    total += progress?.latest ?? 0
  })
  return total
}
