import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { afterTests } from '../support/clean-up.js'
import { Client } from '../support/client.js'
import { keepAliveAgent, request } from '../support/http.js'
import { rawRequest } from '../support/raw-request.js'
import { ResultCounter } from '../support/result-counter.js'
import { Server } from '../support/server.js'
import type { Exit } from '../support/server.js'
import { SseReader } from '../support/sse-reader.js'
import type { ReceivedEvent } from '../support/sse-reader.js'
import { Storm } from '../support/storm.js'
import { until } from '../support/until.js'

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

const status = (server: Server, path: string): Promise<number> =>
  request(`${server.url}${path}`).then(
    (reply) => reply.status,
    () => 0,
  )

/** Until new connections are refused. */
const closed = (server: Server): Promise<boolean> =>
  until('new connections are refused', async () => (await status(server, '/health/live')) === 0)

function open(server: Server, text: string): Socket {
  const socket = connect(server.port, '127.0.0.1')
  socket.write(text)
  socket.on('error', () => undefined) // The server may cut it off: that it goes is what the test is about.
  afterTests(() => void socket.destroy())
  return socket
}

const SENDERS = 8

/** Sends the numbers from `first` on, every eighth, over one kept connection, until one send has no good answer; returns the acked. */
async function sendUntilStopped(server: Server, id: string, first: number): Promise<number[]> {
  const agent = keepAliveAgent()
  const headers = { 'content-type': 'application/json' }
  const acked: number[] = []
  for (let next = first; ; next += SENDERS) {
    const options = { method: 'POST', headers, agent, body: JSON.stringify({ data: next }) }
    const answer = await request(`${server.url}/stream/${id}/send`, options).catch(() => undefined)
    if (answer?.status !== 200) return acked
    acked.push(next)
  }
}

describe('a graceful stop and a start while eight clients send', () => {
  let exit: Exit
  let acked: number[]
  let events: readonly ReceivedEvent[]

  beforeAll(async () => {
    const server = await Server.start({ env: { DRAIN_MS: '100' } })
    const client = new Client(server.url)
    await client.start('resume', { processor: 'identity' })
    const reader = new SseReader(`${server.url}/stream/resume/results`, { reconnectMs: 20 })
    const senders = numbers(SENDERS).map((first) => sendUntilStopped(server, 'resume', first))
    await until('results flow', () => reader.events.length > 100)
    exit = await server.kill('SIGTERM')
    acked = (await Promise.all(senders)).flat()
    await server.restart()
    await client.end('resume')
    await reader.stopped
    events = reader.events.filter(({ event }) => event === 'message')
  }, 60_000)

  it('exits with 0', () => {
    expect(exit).toEqual({ code: 0, signal: null })
  })

  it('lets the reader resume with no gap and no repeat', () => {
    expect(events.map(({ id }) => Number(id.split('-')[1]))).toEqual(numbers(events.length).map((index) => index + 1))
  })

  it('has answered every send that counts, and counts every one that it answered', () => {
    const read = events.map(({ data }) => (JSON.parse(data) as { data: number }).data)
    expect(read.sort((a, b) => a - b)).toEqual(acked.sort((a, b) => a - b))
  })
})

describe('a graceful stop', () => {
  it('begins with readiness: requests are still answered while a balancer looks elsewhere', async () => {
    const server = await Server.start({ env: { DRAIN_MS: '60000' } })
    const client = new Client(server.url)
    await client.start('drain')
    process.kill(server.pid, 'SIGTERM')
    await until('it is not ready', async () => (await status(server, '/health/ready')) === 503)
    const reader = new SseReader(`${server.url}/stream/drain/results`)
    const sent = await client.send('drain', 'x')
    await until('the result is there', () => reader.events.length === 1)
    expect(sent.status).toBe(200)
  })

  it('ends the responses of readers where an event ends', async () => {
    const server = await Server.start({ env: { DRAIN_MS: '0' } })
    const client = new Client(server.url)
    await client.start('ends')
    await client.ndjson('ends', numbers(1000))
    const get = 'GET /stream/ends/results HTTP/1.1\r\nhost: x\r\n\r\n'
    const replies = numbers(100).map(() => rawRequest(server.url, get, { isComplete: () => false }))
    await until('all are there', async () => (await client.describe('ends')).body.readers === 100)
    process.kill(server.pid, 'SIGTERM')
    for (const { body } of await Promise.all(replies)) expect(body.slice(-40)).toMatch(/\n\n\r\n0\r\n\r\n$/)
  })

  it('waits for a body that is still on its way, and answers it', async () => {
    const server = await Server.start({ env: { DRAIN_MS: '0' } })
    await new Client(server.url).start('slow')
    const headers = { 'content-type': 'application/x-ndjson' }
    const outgoing = httpRequest(`${server.url}/stream/slow/send`, { method: 'POST', headers })
    outgoing.write('"first"\n')
    await once(outgoing, 'socket')
    await status(server, '/health/live')
    process.kill(server.pid, 'SIGTERM')
    await closed(server)
    outgoing.end('"second"\n')
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(200)
    expect(await server.exited).toEqual({ code: 0, signal: null })
  })

  it('is quick with 500 readers, and a second signal does no harm', async () => {
    const server = await Server.start({ env: { DRAIN_MS: '0' } })
    const client = new Client(server.url)
    await client.start('many')
    await client.send('many', 'x')
    await new Storm().connect(server.port, Array(500).fill({ path: '/stream/many/results' }))
    const begin = performance.now()
    process.kill(server.pid, 'SIGTERM')
    process.kill(server.pid, 'SIGTERM')
    expect(await server.exited).toEqual({ code: 0, signal: null })
    expect(performance.now() - begin).toBeLessThan(5_000)
  })

  it('is not held up by an idle connection, a reader that does not read, a long poll, and half a request head', async () => {
    const server = await Server.start({ env: { DRAIN_MS: '0' } })
    const client = new Client(server.url)
    await client.start('stuck', { processor: 'identity' })
    const reader = new ResultCounter(`${server.url}/stream/stuck/results`)
    reader.pause()
    for (let sent = 0; sent < 20; sent++) await client.ndjson('stuck', Array<string>(100).fill('x'.repeat(10_000)))
    await client.start('quiet')
    const poll = client.page('quiet', { wait: '30000' })
    open(server, 'POST /stream/stuck/send HTTP/1.1\r\nhost:')
    await status(server, '/health/live')
    const begin = performance.now()
    process.kill(server.pid, 'SIGTERM')
    expect(await server.exited).toEqual({ code: 0, signal: null })
    expect(performance.now() - begin).toBeLessThan(5_000)
    expect((await poll).status).toBe(200)
  })

  it('is not held up by a send whose connection died while its answer waited behind an event stream', async () => {
    const server = await Server.start({ env: { DRAIN_MS: '0' } })
    const client = new Client(server.url)
    await client.start('cut')
    const body = '{"data":1}'
    const lines = ['host: x', 'content-type: application/json', `content-length: ${body.length}`]
    const send = ['POST /stream/cut/send HTTP/1.1', ...lines, '', body].join('\r\n')
    const socket = open(server, `GET /stream/cut/results HTTP/1.1\r\nhost: x\r\n\r\n${send}`)
    await until('the send counts', async () => (await client.page('cut', { wait: '1000' })).text.includes('"data":1'))
    socket.destroy()
    await until('the reader has left', async () => (await client.describe('cut')).body.readers === 0)
    open(server, 'GET /health/live HTTP/1.1\r\nhost:') // Keeps the process from ending for lack of anything to do.
    await status(server, '/health/live')
    const begin = performance.now()
    process.kill(server.pid, 'SIGTERM')
    expect(await server.exited).toEqual({ code: 0, signal: null })
    expect(performance.now() - begin).toBeLessThan(5_000)
  })

  it('gives up a body that does not come after 10 s', async () => {
    const server = await Server.start({ env: { DRAIN_MS: '0' } })
    await new Client(server.url).start('half')
    const head =
      'POST /stream/half/send HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'
    const socket = open(server, head)
    await once(socket, 'connect')
    await status(server, '/health/live')
    const begin = performance.now()
    process.kill(server.pid, 'SIGTERM')
    expect(await server.exited).toEqual({ code: 0, signal: null })
    expect(performance.now() - begin).toBeLessThan(15_000)
  }, 40_000)
})
