import { once } from 'node:events'
import { connect } from 'node:net'

import { afterTests } from '../support/clean-up.js'
import { expectError } from '../support/expect-error.js'
import { rawRequest } from '../support/raw-request.js'
import { firstResults, startStream } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

const api = useServer()

const json = { 'content-type': 'application/json' }

describe('an address that is known, with a method that is not, is answered 405 and Allow:', () => {
  it.each([
    ['/stream/start', 'PUT', 'DELETE, GET, HEAD, POST'],
    ['/stream/x/start', 'GET', 'POST'],
    ['/stream/x/send', 'GET', 'POST'],
    ['/stream/x/send', 'PUT', 'POST'],
    ['/stream/x/send?a=b', 'DELETE', 'POST'],
    ['/stream/x/end', 'GET', 'POST'],
    ['/stream/x/results', 'POST', 'GET, HEAD'],
    ['/stream/x', 'POST', 'DELETE, GET, HEAD'],
    ['/stream/x', 'PATCH', 'DELETE, GET, HEAD'],
    ['/stream/x', 'OPTIONS', 'DELETE, GET, HEAD'],
    ['/stream/x', 'TRACE', 'DELETE, GET, HEAD'],
    ['/stream/x', 'PROPFIND', 'DELETE, GET, HEAD'],
    ['/streams', 'POST', 'GET, HEAD'],
    ['/streams/events', 'POST', 'GET, HEAD'],
    ['/health/live', 'POST', 'GET, HEAD'],
  ])('%s with %s', async (path, method, allow) => {
    const reply = await api.client.call(method, path, { headers: { ...json, accept: 'application/json' } })
    expectError(reply, 'method_not_allowed')
    expect(reply.headers.allow).toBe(allow)
  })
})

describe('a stream that does not exist is 404', () => {
  it.each([
    ['to a send', 'POST', '/stream/nobody/send'],
    ['to an end', 'POST', '/stream/nobody/end'],
    ['to a delete', 'DELETE', '/stream/nobody'],
    ['to whoever asks about it', 'GET', '/stream/nobody'],
    ['to readers', 'GET', '/stream/nobody/results'],
    ['to readers who were there before', 'GET', '/stream/nobody/results?from=0123456789abcdef-1'],
  ])('%s', async (_, method, path) => {
    expectError(await api.client.call(method, path, { headers: json, body: '{"data":1}' }), 'stream_not_found')
  })

  it('to readers of JSON', async () => {
    expectError(await api.client.page('nobody'), 'stream_not_found')
  })
})

describe('an unknown address is 404', () => {
  it.each(['/', '/stream', '/stream/', '/stream/x/', '/stream/x/y', '/stream/x/send/y', '/Stream/x', '/health'])(
    '%s',
    async (path) => {
      expectError(await api.client.call('GET', path), 'not_found')
    },
  )
})

describe('what is no HTTP is answered in JSON and cut off:', () => {
  it.each([
    ['a NUL in the address', 'GET /stream/a\0b HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a line break in the address', 'POST /stream/a\r\nb/send HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a length that is no number', 'POST /stream/x/send HTTP/1.1\r\nHost: x\r\nContent-Length: a\r\n\r\n', 400],
    [
      'a chunk without a length',
      'POST /stream/x/end HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
      400,
    ],
    [
      'a length beside chunks',
      'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    ['headers without an end', `GET /stream/x HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
    ['TLS', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 400],
  ])('%s', async (_, text, status) => {
    const reply = await rawRequest(api.client.url, text)
    expect(reply.status).toBe(status)
    expect(JSON.parse(reply.body)).toEqual({
      status: 'error',
      code: status === 431 ? 'headers_too_large' : 'invalid_request',
      message: expect.stringMatching(/./),
    })
  })
})

describe('garbage behind a request that is not answered yet cuts the connection off without a word:', () => {
  const send = (id: string): string =>
    `POST /stream/${id}/send HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n{"data":"ghost"}`

  it.each([
    ['a line of it', '}}\r\n\r\n'],
    ['a body longer than declared', 'xx'],
    ['a request with a bad length', 'POST /stream/x/send HTTP/1.1\r\nhost: x\r\ncontent-length: a\r\n\r\n'],
    ['a bad chunk', 'POST /stream/x/send HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nx\r\n'],
  ])('a send and %s, since the record may count', async (_, garbage) => {
    const id = await startStream(api.client)
    const { status, body } = await rawRequest(api.client.url, send(id) + garbage)
    expect({ status, body }).toEqual({ status: 0, body: '' })
    expect((await firstResults(api.client, id, 1))[0]).toMatchObject({ data: 'GHOST' })
  })

  it('an event stream, which ends where an event ends', async () => {
    const id = await startStream(api.client)
    const socket = connect(api.server.port, '127.0.0.1')
    afterTests(() => void socket.destroy())
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    socket.write(`GET /stream/${id}/results HTTP/1.1\r\nhost: x\r\n\r\n`)
    await until('the first block is there', () => /\nid: .*\n\n\r\n$/.test(text))
    const before = text
    socket.write('garbage\r\n\r\n')
    await once(socket, 'close')
    expect(text).toBe(before)
  })

  it('but not behind one that was answered', async () => {
    const socket = connect(api.server.port, '127.0.0.1')
    afterTests(() => void socket.destroy())
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n')
    await until('it is answered', () => text.includes('"alive"'))
    socket.write('garbage\r\n\r\n')
    await once(socket, 'close')
    expect(text).toMatch(/^HTTP\/1.1 200(.|\s)*HTTP\/1.1 400(.|\s)*"invalid_request"/)
  })
})

it('an answer to HEAD has the status of the answer to GET, and no body', async () => {
  const id = await startStream(api.client)
  const [known, unknown] = [await api.client.call('HEAD', `/stream/${id}`), await api.client.call('HEAD', '/stream/no')]
  expect([known.status, known.text, unknown.status, unknown.text]).toEqual([200, '', 404, ''])
})
