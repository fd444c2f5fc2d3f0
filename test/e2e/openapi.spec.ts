import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ERRORS, type ErrorCode } from '#libs/contract'

import { ApiDocument } from '../support/api-document.js'
import { expectError } from '../support/expect-error.js'
import { request, type Reply } from '../support/http.js'
import { rawRequest } from '../support/raw-request.js'
import { packageFolder } from '../support/package-folder.js'
import { opened, readResults, startStream } from '../support/streams.js'
import { temporaryFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

// Run inside the server: writes down every route that Fastify gets, whoever adds it.
const announceRoutes = `
  import { subscribe } from 'node:diagnostics_channel'
  subscribe('fastify.initialization', ({ fastify }) =>
    fastify.addHook('onRoute', ({ method, url }) => console.log('route', [method].flat().join(), url)))`

const api = useServer({
  env: { MAX_BODY_BYTES: '2048' },
  nodeOptions: ['--import', `data:text/javascript,${encodeURIComponent(announceRoutes)}`],
})
// A server that soon has enough.
const strained = useServer({
  env: { MAX_OPEN_STREAMS: '1', MAX_READERS: '1', REQUEST_TIMEOUT_MS: '1000', DRAIN_MS: '60000' },
})

const json = { 'content-type': 'application/json' }

let document: ApiDocument
let open: string
let ended: string

beforeAll(async () => {
  document = await ApiDocument.of(api.client.url)
  open = await startStream(api.client)
  ended = await startStream(api.client)
  await api.client.send(open, 'first')
  await api.client.end(ended)
  await until('the stream has ended', async () => {
    return (await api.client.describe(ended)).body.stream_status === 'ended'
  })
})

describe('the API document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const file = join(await temporaryFolder(), 'openapi.json')
    await writeFile(file, JSON.stringify(document.json))
    const validator = join(packageFolder, 'node_modules/@seriousme/openapi-schema-validator/bin/validate-api-cli.js')
    const { stdout } = await promisify(execFile)(process.execPath, [validator, file])
    expect(JSON.parse(stdout)).toEqual({ valid: true })
    expect(document.json.openapi).toBe('3.1.0')
  })

  it('holds every route of the server, and none that is not there', () => {
    const routes = [...api.server.output.matchAll(/^route (\S+) (\S+)$/gm)]
      .map(([, method, url]) => `${method} ${url?.replaceAll(/:(\w+)/g, '{$1}')}`)
      .filter((route) => !/^HEAD |^GET \/(docs|openapi\.json)/.test(route))
    expect([...new Set(routes)].sort()).toEqual([...document.routes].sort())
  })

  it('names every call once, by a name that stays', () => {
    expect([...document.operationIds].sort()).toEqual([
      'deleteStream',
      'describeStream',
      'endStream',
      'listDeadLetters',
      'listProcessors',
      'listStreams',
      'live',
      'readResults',
      'ready',
      'replayDeadLetter',
      'sendData',
      'startStream',
      'startStreamAs',
      'streamEvents',
    ])
  })

  it('shows the results as one call with two forms', () => {
    expect(document.mediaTypes('readResults').sort()).toEqual(['application/json', 'text/event-stream'])
    expect(document.mediaTypes('streamEvents')).toEqual(['text/event-stream'])
  })

  it('declares every error of the table at some call, but the two that are answers to no call', () => {
    const declared = new Set(document.operationIds.flatMap((id) => document.codes(id)))
    const missing = Object.keys(ERRORS).filter((code) => !declared.has(code))
    expect(missing.sort()).toEqual(['method_not_allowed', 'not_found'])
    expect(JSON.stringify((document.json.components as { responses: unknown }).responses)).toContain('not_found')
  })

  it('has examples that are as its schemas say', () => {
    const problems = document.bodies.flatMap(({ pointer, media }) =>
      Object.values(media.examples ?? {}).flatMap(({ value }) => document.problemsAt(pointer, value)),
    )
    expect(problems).toEqual([])
    expect(document.bodies.filter(({ media }) => media.examples === undefined)).toEqual([])
  })

  it('does not grow: the second reader gets the same bytes', async () => {
    const [first, second] = await Promise.all([1, 2].map(() => request(`${api.client.url}/openapi.json`)))
    expect(second?.text).toBe(first?.text)
    expect(first?.headers['content-type']).toMatch(/^application\/json\b/)
  })
})

describe('Swagger UI', () => {
  it('is at /docs, with every file its page names', async () => {
    const page = await request(`${api.client.url}/docs`)
    expect(page.headers['content-type']).toMatch(/^text\/html\b/)
    const files = [...page.text.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, file]) => file)
    expect(files).toHaveLength(3)
    for (const file of files) expect((await request(`${api.client.url}/${file}`)).status).toBe(200)
  })

  it.each(['package.json', '..%2fpackage.json', 'constructor'])(
    'gives nothing but those files: not %s',
    async (file) => {
      expectError(await request(`${api.client.url}/docs/${file}`), 'not_found')
    },
  )

  it('answers another method with 405', async () => {
    expectError(await request(`${api.client.url}/docs/swagger-ui.css`, { method: 'POST' }), 'method_not_allowed')
  })
})

interface Provocation {
  readonly call: string
  readonly code: ErrorCode
  readonly by: string
  readonly provoke: () => Promise<Reply>
}

const row = (call: string, code: ErrorCode, by: string, provoke: () => Promise<Reply>): Provocation => ({
  call,
  code,
  by,
  provoke,
})

const post = (path: string, headers: Record<string, string>, body: string): Promise<Reply> =>
  api.client.call('POST', path, { headers, body })
const send = (headers: Record<string, string>, body: string): Promise<Reply> =>
  post(`/stream/${open}/send`, { ...json, ...headers }, body)
const producer = (epoch: number, seq: number): Record<string, string> => ({
  'producer-id': 'p',
  'producer-epoch': String(epoch),
  'producer-seq': String(seq),
})
const replay = (id: string, seq: number | string): Promise<Reply> =>
  api.client.call('POST', `/stream/${id}/dead-letters/${seq}/replay`)
const get = (path: string, headers: Record<string, string> = {}): Promise<Reply> =>
  api.client.call('GET', path, { headers })

const large = JSON.stringify({ data: 'x'.repeat(3_000) })
const provocations: Provocation[] = [
  row('startStream', 'invalid_stream_id', 'a slash in stream_id', () =>
    post('/stream/start', json, '{"stream_id":"a/b"}'),
  ),
  row('startStream', 'invalid_json', 'half a body', () => post('/stream/start', json, '{"processor"')),
  row('startStream', 'invalid_request', 'a misspelt setting', () =>
    post('/stream/start', json, '{"procesor":"identity"}'),
  ),
  row('startStream', 'unknown_processor', 'a processor that is not there', () =>
    api.client.start(undefined, { processor: 'no' }),
  ),
  row('startStream', 'stream_exists', 'the id of an open stream', () =>
    api.client.start(undefined, { stream_id: open }),
  ),
  row('startStream', 'body_too_large', 'a large body', () => post('/stream/start', json, large)),
  row('startStreamAs', 'invalid_stream_id', 'an encoded slash', () => post('/stream/a%2fb/start', json, '{}')),
  row('startStreamAs', 'invalid_request', 'two ids', () => post('/stream/one/start', json, '{"stream_id":"other"}')),
  row('startStreamAs', 'unknown_processor', 'a processor that is not there', () =>
    api.client.start('one', { processor: 'no' }),
  ),
  row('startStreamAs', 'stream_exists', 'the id of an open stream', () => api.client.start(open)),
  row('sendData', 'invalid_stream_id', 'an encoded slash', () => api.client.send('a/b', 1)),
  row('sendData', 'invalid_json', 'a bad line', () => send({ 'content-type': 'application/x-ndjson' }, '1\n{\n')),
  row('sendData', 'missing_data', 'no data', () => send({}, '{}')),
  row('sendData', 'empty_body', 'blank lines', () => send({ 'content-type': 'application/x-ndjson' }, '\n\n')),
  row('sendData', 'invalid_request', 'half of the producer headers', () => send({ 'producer-id': 'p' }, '{"data":1}')),
  row('sendData', 'stream_not_found', 'an unknown stream', () => api.client.send('unknown', 1)),
  row('sendData', 'stream_closed', 'a stream that has ended', () => api.client.send(ended, 1)),
  row('sendData', 'producer_gap', 'a number too high', () => send(producer(0, 5), '{"data":1}')),
  row('sendData', 'producer_fenced', 'an old epoch', async () => {
    await send(producer(7, 0), '{"data":1}')
    return send(producer(6, 0), '{"data":1}')
  }),
  row('sendData', 'idempotency_key_reused', 'another body', async () => {
    await send({ 'idempotency-key': 'k' }, '{"data":1}')
    return send({ 'idempotency-key': 'k' }, '{"data":2}')
  }),
  row('sendData', 'body_too_large', 'a large body', () => send({}, large)),
  row('sendData', 'body_too_large', 'a large body of unknown length', () =>
    request(`${api.client.url}/stream/${open}/send`, {
      method: 'POST',
      headers: { ...json, 'transfer-encoding': 'chunked' },
      body: large,
    }),
  ),
  row('sendData', 'unsupported_media_type', 'plain text', () => send({ 'content-type': 'text/plain' }, 'x')),
  row('readResults', 'invalid_stream_id', 'an encoded slash', () => get('/stream/a%2fb/results')),
  row('readResults', 'stream_not_found', 'an unknown stream', () => get('/stream/unknown/results')),
  row('readResults', 'invalid_cursor', 'no cursor', () => get(`/stream/${open}/results?from=x`)),
  row('readResults', 'invalid_request', 'a limit of 0', () => api.client.page(open, { limit: '0' })),
  row('listDeadLetters', 'invalid_stream_id', 'an encoded slash', () => get('/stream/a%2fb/dead-letters')),
  row('listDeadLetters', 'stream_not_found', 'an unknown stream', () => get('/stream/unknown/dead-letters')),
  row('listDeadLetters', 'invalid_request', 'a limit of 0', () => get(`/stream/${open}/dead-letters?limit=0`)),
  row('replayDeadLetter', 'invalid_stream_id', 'an encoded slash', () => replay('a%2fb', 1)),
  row('replayDeadLetter', 'invalid_request', 'a number that is none', () => replay(open, 'x')),
  row('replayDeadLetter', 'stream_not_found', 'an unknown stream', () => replay('unknown', 1)),
  row('replayDeadLetter', 'stream_closed', 'a stream that has ended', () => replay(ended, 1)),
  row('replayDeadLetter', 'dead_letter_not_found', 'a record that did not fail', () => replay(open, 1)),
  row('endStream', 'invalid_stream_id', 'an encoded slash', () => api.client.end('a/b')),
  row('endStream', 'stream_not_found', 'an unknown stream', () => api.client.end('unknown')),
  row('endStream', 'body_too_large', 'a large body', () => post(`/stream/${open}/end`, json, large)),
  row('describeStream', 'invalid_stream_id', 'an encoded slash', () => api.client.describe('a/b')),
  row('describeStream', 'stream_not_found', 'an unknown stream', () => api.client.describe('unknown')),
  row('listStreams', 'invalid_request', 'an unknown status', () => api.client.list({ status: 'no' })),
  row('deleteStream', 'invalid_stream_id', 'an encoded slash', () => api.client.delete('a/b')),
  row('deleteStream', 'stream_not_found', 'an unknown stream', () => api.client.delete('unknown')),
  row('streamEvents', 'invalid_cursor', 'no cursor', () => get('/streams/events?from=x')),
]

/** The reply is the error, and the document says that the call can answer it, in this form. */
function expectDeclared(call: string, code: ErrorCode, status: number, body: Readonly<Record<string, unknown>>): void {
  expect([status, body.code]).toEqual([ERRORS[code].status, code])
  expect(document.codes(call, status)).toContain(code)
  expect(document.problems(call, status, 'application/json', body)).toEqual([])
}

describe('an error', () => {
  it.each(provocations)('$code of $call, for $by, is declared', async ({ call, code, provoke }) => {
    const { status, body } = await provoke()
    expectDeclared(call, code, status, body)
  })

  it('headers_too_large, of bytes that never become a request, is declared', async () => {
    const head = `GET /streams HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`
    const { status, body } = await rawRequest(api.client.url, head)
    expectDeclared('listStreams', 'headers_too_large', status, JSON.parse(body) as Record<string, unknown>)
  })

  it('invalid_request, of bytes that are not HTTP, is declared', async () => {
    const { status, body } = await rawRequest(api.client.url, 'GET /streams HTTP/1.1\r\nno header\r\n\r\n')
    expectDeclared('listStreams', 'invalid_request', status, JSON.parse(body) as Record<string, unknown>)
  })

  it('request_timeout, for a body that does not come, is declared', async () => {
    const head =
      'POST /stream/x/send HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{'
    const { status, body } = await rawRequest(strained.client.url, head)
    expectDeclared('sendData', 'request_timeout', status, JSON.parse(body) as Record<string, unknown>)
  })

  it('overloaded, at the limits of the configuration, is declared; so is shutting_down', async () => {
    const { client, server } = strained
    const id = await startStream(client)
    const another = await client.start()
    expectDeclared('startStream', 'overloaded', another.status, another.body)
    await opened(readResults(client, id))
    const second = await request(`${client.url}/stream/${id}/results`)
    expectDeclared('readResults', 'overloaded', second.status, second.body)
    const feed = await request(`${client.url}/streams/events`)
    expectDeclared('streamEvents', 'overloaded', feed.status, feed.body)
    process.kill(server.pid, 'SIGTERM')
    const ready = await until('readiness is gone', async () => {
      const reply = await client.call('GET', '/health/ready')
      return reply.status === 200 ? undefined : reply
    })
    expectDeclared('ready', 'shutting_down', ready.status, ready.body)
  })
})

describe('a start', () => {
  const labels = (count: number, name = 1, value = 1): Record<string, string> =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [String(index).padStart(name, 'n'), 'v'.repeat(value)]),
    )

  it.each<[string, Record<string, unknown>]>([
    ['the shortest idle timeout', { idle_timeout_ms: 100 }],
    ['a shorter one', { idle_timeout_ms: 99 }],
    ['the longest idle timeout', { idle_timeout_ms: 31_536_000_000 }],
    ['a longer one', { idle_timeout_ms: 31_536_000_001 }],
    ['half a millisecond', { idle_timeout_ms: 100.5 }],
    ['the shortest retention', { retention_ms: 1_000 }],
    ['a shorter one', { retention_ms: 999 }],
    ['sixteen labels', { labels: labels(16) }],
    ['seventeen', { labels: labels(17) }],
    ['the longest label', { labels: labels(1, 64, 256) }],
    ['a longer name', { labels: labels(1, 65) }],
    ['a longer value', { labels: labels(1, 1, 257) }],
    ['a label without a name', { labels: { '': 'x' } }],
    ['a label that is no text', { labels: { a: 1 } }],
    ['options', { processor_options: {} }],
    ['options that are a list', { processor_options: [] }],
    ['an id', { stream_id: 'an.id' }],
    ['an id of two dots', { stream_id: '..' }],
    ['an id with a space', { stream_id: 'a b' }],
    ['a member that is not known', { unknown: 1 }],
  ])('with %s is answered as the document says', async (_, settings) => {
    const problems = document.problemsAt('api#/components/schemas/StartRequest', settings)
    expect((await api.client.start(undefined, settings)).status).toBe(problems.length === 0 ? 200 : 400)
  })
})

describe('a success', () => {
  it.each<[string, () => Promise<Reply>]>([
    ['startStream', () => api.client.start()],
    ['startStreamAs', () => api.client.start('declared', { labels: { a: 'b' }, idle_timeout_ms: 60_000 })],
    ['sendData', () => api.client.send(open, [1])],
    ['readResults', () => api.client.page(open, { wait: '5000' })],
    ['readResults', () => api.client.page(ended)],
    ['listDeadLetters', () => get(`/stream/${open}/dead-letters`)],
    ['describeStream', () => api.client.describe(open)],
    ['listStreams', () => api.client.list({ limit: '1' })],
    ['endStream', () => api.client.end(ended)],
    ['deleteStream', () => api.client.delete('declared')],
    ['live', () => api.client.call('GET', '/health/live')],
    ['ready', () => api.client.call('GET', '/health/ready')],
  ])('of %s is as declared', async (call, succeed) => {
    const { status, body } = await succeed()
    expect(document.problems(call, status, 'application/json', body)).toEqual([])
  })

  it('of a repeated send is as declared', async () => {
    const headers = { 'idempotency-key': 'again' }
    await send(headers, '{"data":1}')
    const { status, body } = await send(headers, '{"data":1}')
    expect(body.duplicate).toBe(true)
    expect(document.problems('sendData', status, 'application/json', body)).toEqual([])
  })

  it('of the event streams is as declared, event by event', async () => {
    const reader = readResults(api.client, ended)
    await reader.stopped
    const feed = readResults(api.client, open)
    await until('there is a result', () => feed.events[0])
    for (const { data } of [...reader.events, ...feed.events])
      expect(document.problems('readResults', 200, 'text/event-stream', JSON.parse(data))).toEqual([])
    expect(reader.events).toHaveLength(1)
  })

  it('without content, for a reader that has seen the end, is declared', async () => {
    const reader = readResults(api.client, ended)
    await reader.stopped
    const { status } = await get(`/stream/${ended}/results`, { 'last-event-id': reader.lastEventId })
    expect(document.statuses('readResults')).toContain(String(status))
    expect(status).toBe(204)
  })
})
