import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'

import { afterTests } from '../support/clean-up.js'
import { expectError } from '../support/expect-error.js'
import { request } from '../support/http.js'
import { rawRequest } from '../support/raw-request.js'
import { firstResults, resultsSoFar, startStream } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

const maxBodyBytes = 900_000
const budgetBytes = 1024 * 1024
const api = useServer({ env: { MAX_BODY_BYTES: String(maxBodyBytes), INGEST_BUDGET_BYTES: String(budgetBytes) } })

const json = { 'content-type': 'application/json' }

function bodyOf(bytes: number): Buffer {
  const frame = '{"data":""}'
  return Buffer.from(frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`))
}

/** The request to send, up to its body. */
function head(id: string, ...lines: readonly string[]): string {
  return [`POST /stream/${id}/send HTTP/1.1`, 'host: x', 'content-type: application/json', ...lines, '', ''].join(
    '\r\n',
  )
}

describe('MAX_BODY_BYTES', () => {
  it('lets a body of exactly that size in', async () => {
    const id = await startStream(api.client)
    const body = bodyOf(maxBodyBytes)
    const reply = await request(`${api.client.url}/stream/${id}/send`, { method: 'POST', headers: json, body })
    expect(reply.status).toBe(200)
  })

  it('refuses a body that is one byte larger, and the client that sends all of it gets the answer', async () => {
    const id = await startStream(api.client)
    const body = bodyOf(maxBodyBytes + 1)
    const reply = await request(`${api.client.url}/stream/${id}/send`, { method: 'POST', headers: json, body })
    expectError(reply, 'body_too_large')
    expect(await resultsSoFar(api.client, id)).toEqual([])
  })

  it('refuses what is declared larger before any of it is sent', async () => {
    const id = await startStream(api.client)
    const reply = await rawRequest(api.client.url, head(id, 'content-length: 1000000000000'))
    expect({ status: reply.status, ...JSON.parse(reply.body) }).toMatchObject({ code: 'body_too_large' })
    expect(reply.status).toBe(413)
  })

  it('refuses a chunked body as soon as it is larger', async () => {
    const id = await startStream(api.client)
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const chunks = Array.from({ length: Math.ceil(maxBodyBytes / 0x10000) }, () => chunk)
    const reply = await rawRequest(api.client.url, [head(id, 'transfer-encoding: chunked'), ...chunks])
    expect(reply.status).toBe(413)
    expect(JSON.parse(reply.body)).toMatchObject({ status: 'error', code: 'body_too_large' })
    expect(await resultsSoFar(api.client, id)).toEqual([])
  })

  it('lets a chunked body that is smaller in', async () => {
    const id = await startStream(api.client)
    const reply = await rawRequest(api.client.url, [
      head(id, 'transfer-encoding: chunked'),
      '8\r\n{"data":\r\n',
      '3\r\n"a"\r\n1\r\n}\r\n0\r\n\r\n',
    ])
    expect(reply.status).toBe(200)
    expect(await resultsSoFar(api.client, id)).toEqual(['A'])
  })

  it('holds for the control calls too', async () => {
    const reply = await request(`${api.client.url}/stream/start`, { method: 'POST', body: bodyOf(maxBodyBytes + 1) })
    expectError(reply, 'body_too_large')
  })
})

describe('INGEST_BUDGET_BYTES', () => {
  /** A send whose body never comes, let in by the server; the returned function gives it up. */
  async function hold(id: string, headers: Readonly<Record<string, string | number>>): Promise<() => void> {
    const held = httpRequest(`${api.client.url}/stream/${id}/send`, {
      method: 'POST',
      headers: { ...json, ...headers, expect: '100-continue' },
      agent: false,
    })
    afterTests(() => void held.destroy())
    held.flushHeaders()
    await once(held, 'continue')
    held.on('error', () => undefined) // Cut off in the middle, on purpose.
    return () => void held.destroy()
  }

  it.each([
    ['declared', { 'content-length': maxBodyBytes }],
    ['undeclared', { 'transfer-encoding': 'chunked' }],
  ])('makes sends wait while bodies of %s length fill it', async (_, headers) => {
    const id = await startStream(api.client)
    const large = 'x'.repeat(budgetBytes - maxBodyBytes)
    const release = await hold(id, headers)
    expectError(await api.client.send(id, large), 'overloaded')
    expect((await api.client.send(id, 'small')).status).toBe(200)
    release()
    await until('there is room again', async () => (await api.client.send(id, large)).status === 200)
  })

  it('has the room of a send back whose connection dies while its answer waits behind an open event stream', async () => {
    const [read, id] = [await startStream(api.client), await startStream(api.client)]
    const socket = connect(api.server.port, '127.0.0.1')
    afterTests(() => void socket.destroy())
    socket.write(`GET /stream/${read}/results HTTP/1.1\r\nhost: x\r\n\r\n`)
    socket.write(head(id, `content-length: ${maxBodyBytes}`))
    socket.write(bodyOf(maxBodyBytes))
    await firstResults(api.client, id, 1)
    const large = 'x'.repeat(budgetBytes - maxBodyBytes)
    expectError(await api.client.send(id, large), 'overloaded')
    socket.destroy()
    await until('there is room again', async () => (await api.client.send(id, large)).status === 200)
  })

  it('does not keep readers out', async () => {
    const id = await startStream(api.client)
    await api.client.send(id, 'a')
    const release = await hold(id, { 'content-length': maxBodyBytes })
    expect((await api.client.page(id, { wait: '10000' })).body).toMatchObject({ results: [{ data: 'A' }] })
    release()
  })
})
