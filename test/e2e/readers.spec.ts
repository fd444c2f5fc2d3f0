import { Client } from '../support/client.js'
import { expectError } from '../support/expect-error.js'
import { request } from '../support/http.js'
import { rawRequest } from '../support/raw-request.js'
import { Server } from '../support/server.js'
import { SseReader } from '../support/sse-reader.js'
import { until } from '../support/until.js'

const HEARTBEAT_MS = 150
const RECONNECT_MS = 1_000
const MAX_READERS = 6

let server: Server
let client: Client

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`
const resultsOf = (id: string): string => `/stream/${id}/results`

/** How many readers the server says it has. */
async function readersOf(id: string): Promise<unknown> {
  return (await client.describe(id)).body.readers
}

beforeAll(async () => {
  const env = { HEARTBEAT_MS, RECONNECT_MS, MAX_READERS }
  server = await Server.start({
    env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, String(value)])),
  })
  client = new Client(server.url)
})

describe('a reader of a quiet stream', () => {
  it('gets headers, how long to wait before it comes back, and its position at once, and no event', async () => {
    const { body } = await client.start('quiet')
    const reply = await rawRequest(server.url, get(resultsOf('quiet')), {
      isComplete: (text) => /\nid: .*\n\n/.test(text),
    })
    expect(reply.head).toMatch(/^HTTP\/1.1 200 OK\r\n(.*\r\n)*content-type: text\/event-stream/i)
    expect(reply.body).toMatch(new RegExp(`\nretry: \\d+\nid: ${String(body.incarnation)}-0\n\n`))
    expect(reply.body).not.toContain('data:')
  })

  it('is told to come back after the configured time, give or take half', async () => {
    await client.start('retry')
    const reader = new SseReader(server.url + resultsOf('retry'))
    const retryMs = await until('the first block is there', () => reader.retryMs)
    expect(Math.abs(retryMs - RECONNECT_MS)).toBeLessThanOrEqual(RECONNECT_MS / 2)
    reader.close()
  })

  it('gets a comment as a sign of life, no more often than configured', async () => {
    await client.start('heartbeat')
    const reader = new SseReader(server.url + resultsOf('heartbeat'))
    const comments = async (count: number): Promise<number> => {
      await until(`${count} comments are there`, () => reader.comments >= count)
      return performance.now()
    }
    // The first belongs to the headers.
    const first = await comments(2)
    const seventh = await comments(8)
    expect((seventh - first) / 6).toBeGreaterThan(HEARTBEAT_MS * 0.8)
    reader.close()
  })
})

describe('a request for results that no browser would make', () => {
  it('HEAD: gets the headers, no body, and leaves the connection free', async () => {
    await client.start('head')
    const head = `HEAD ${resultsOf('head')} HTTP/1.1\r\nhost: x\r\n\r\n`
    const isComplete = (text: string): boolean => text.includes('"alive"')
    const reply = await rawRequest(server.url, [head, get('/health/live')], { isComplete })
    expect(reply.head).toMatch(/content-type: text\/event-stream/i)
    expect(reply.body).toMatch(/^HTTP\/1.1 200 OK\r\n/)
  })

  it('HEAD: is no reader', async () => {
    await client.start('headless')
    await request(server.url + resultsOf('headless'), { method: 'HEAD' })
    expect(await readersOf('headless')).toBe(0)
  })

  it('pipelined: what was asked for behind an open stream is answered when the stream ends', async () => {
    await client.start('pipe')
    const replies = rawRequest(server.url, [get(resultsOf('pipe')), get('/health/live')], {
      isComplete: (text) => text.includes('"alive"'),
    })
    await until('the reader is there', async () => (await readersOf('pipe')) === 1)
    await client.send('pipe', 'x')
    await client.end('pipe')
    expect((await replies).body).toMatch(/"data":"X"(.|\s)*event: end(.|\s)*HTTP\/1.1 200 OK/)
  })

  it('pipelined: one connection that reads five streams at once gets them one after the other', async () => {
    const ids = Array.from({ length: 5 }, (_, index) => `pipe-${index}`)
    await Promise.all(ids.map((id) => client.start(id)))
    const replies = rawRequest(
      server.url,
      ids.map((id) => get(resultsOf(id))),
      { isComplete: (text) => text.split('event: end').length > ids.length },
    )
    await until('the last reader is there', async () => (await readersOf('pipe-4')) === 1)
    for (const id of ids.reverse()) {
      await client.send(id, id)
      await client.end(id)
    }
    expect([...(await replies).body.matchAll(/"data":"(.*)"/g)].map(([, data]) => data)).toEqual(
      ids.reverse().map((id) => id.toUpperCase()),
    )
  })
})

describe('one reader more than MAX_READERS', () => {
  let readers: SseReader[]

  beforeAll(async () => {
    await client.start('full')
    await until('all readers before have left', async () => {
      const { streams } = (await client.list()).body as { streams: { readers: number }[] }
      return streams.every(({ readers }) => readers === 0)
    })
    readers = Array.from({ length: MAX_READERS }, () => new SseReader(server.url + resultsOf('full')))
    await until('all are there', async () => (await readersOf('full')) === MAX_READERS)
  })

  it('is refused with 503 and told when to come back', async () => {
    const { status, body, headers } = await request(server.url + resultsOf('full'))
    expect({ status, code: body.code, retryAfter: headers['retry-after'] }).toEqual({
      status: 503,
      code: 'overloaded',
      retryAfter: '1',
    })
  })

  it('is refused with 503 where it would wait for a page, and gets a page that is there', async () => {
    expectError(await client.page('full', { wait: '1000' }), 'overloaded')
    expect((await client.page('full')).status).toBe(200)
  })

  it('is let in when another has left', async () => {
    readers[0]?.close()
    await until('one has left', async () => (await readersOf('full')) === MAX_READERS - 1)
    const reader = new SseReader(server.url + resultsOf('full'))
    await until('there is an answer', () => reader.connections[0]?.status)
    expect(reader.connections[0]?.status).toBe(200)
  })
})
