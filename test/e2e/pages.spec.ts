import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { afterTests } from '../support/clean-up.js'
import { expectError } from '../support/expect-error.js'
import { firstResults, startStream } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

const api = useServer()

const dataOf = (body: Readonly<Record<string, unknown>>): unknown[] =>
  (body.results as { data: unknown }[]).map(({ data }) => data)

/** How many readers the server says the stream has. */
const readersOf = async (id: string): Promise<unknown> => (await api.client.describe(id)).body.readers

async function streamWith(...values: readonly unknown[]): Promise<string> {
  const id = await startStream(api.client)
  await api.client.ndjson(id, values)
  await firstResults(api.client, id, values.length)
  return id
}

describe('pages of results', () => {
  it('follow each other without a gap and without a repeat', async () => {
    const id = await streamWith(1, 2, 3, 4, 5)
    const pages: unknown[][] = []
    let from = 'earliest'
    for (let page = 0; page < 4; page++) {
      const { body } = await api.client.page(id, { from, limit: '2' })
      pages.push(dataOf(body))
      from = String(body.next)
    }
    expect(pages).toEqual([[1, 2], [3, 4], [5], []])
  })

  it('hold 100 results unless more are asked for', async () => {
    const id = await streamWith(...Array.from({ length: 1100 }, (_, number) => number))
    expect(dataOf((await api.client.page(id)).body)).toHaveLength(100)
    expect(dataOf((await api.client.page(id, { limit: '1000' })).body)).toHaveLength(1000)
  })

  it('say that the stream is over, on the last one only', async () => {
    const id = await streamWith(1, 2)
    await api.client.end(id)
    await until('the stream has ended', async () => (await api.client.describe(id)).body.stream_status === 'ended')
    const first = await api.client.page(id, { limit: '1' })
    const last = await api.client.page(id, { limit: '1', from: String(first.body.next) })
    expect(first.body).not.toHaveProperty('end')
    expect(last.body).toMatchObject({ results: [{ data: 2 }], end: { reason: 'ended' } })
  })

  it.each([
    ['limit', '0'],
    ['limit', '1001'],
    ['limit', '1.5'],
    ['limit', 'many'],
    ['limit', ''],
    ['wait', '-1'],
    ['wait', '30001'],
    ['wait', 'long'],
  ])('are refused with %s=%j, which the error names', async (name, value) => {
    const reply = await api.client.page(await startStream(api.client), { [name]: value })
    expectError(reply, 'invalid_request')
    expect(reply.body.message).toContain(name)
  })

  it('are refused with two limits', async () => {
    const id = await startStream(api.client)
    const path = `/stream/${id}/results?limit=1&limit=2`
    expectError(await api.client.call('GET', path, { headers: { accept: 'application/json' } }), 'invalid_request')
  })
})

describe('a page that waits', () => {
  it('is there at once if there are results', async () => {
    const id = await streamWith(1)
    expect(dataOf((await api.client.page(id, { wait: '30000' })).body)).toEqual([1])
  })

  it('is there as soon as there is a result', async () => {
    const id = await streamWith(1)
    const page = api.client.page(id, { wait: '30000', from: 'latest' })
    await api.client.describe(id) // On a connection of its own: the page is being waited for by now, or soon.
    await api.client.send(id, 2)
    expect(dataOf((await page).body).slice(-1)).toEqual([2])
  })

  it('is there as soon as the stream is over', async () => {
    const id = await startStream(api.client)
    const page = api.client.page(id, { wait: '30000' })
    await api.client.end(id)
    expect((await page).body).toMatchObject({ results: [], end: { reason: 'ended' } })
  })

  it('says that the stream is deleted as soon as it is, and the next one is not there', async () => {
    const id = await streamWith(1)
    const from = String((await api.client.page(id)).body.next)
    const page = api.client.page(id, { wait: '30000', from })
    await until('the page is being waited for', async () => (await readersOf(id)) === 1)
    await api.client.delete(id)
    const { status, body } = await page
    expect(body).toMatchObject({ results: [], next: from, end: { reason: 'deleted' } })
    expect(status).toBe(200)
    expectError(await api.client.page(id), 'stream_not_found')
  })

  it('is there at once if it does not begin where it was asked to', async () => {
    const id = await startStream(api.client)
    const started = performance.now()
    const headers = { accept: 'application/json', 'last-event-id': 'none' }
    const { body } = await api.client.call('GET', `/stream/${id}/results?wait=30000`, { headers })
    expect(body).toMatchObject({ results: [], reset: { reason: 'invalid' } })
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('is a reader of its stream until its client has it or leaves', async () => {
    const id = await startStream(api.client)
    const [had, given] = [api.client.page(id, { wait: '30000' }), new AbortController()]
    const path = `/stream/${id}/results?wait=30000`
    const left = api.client.call('GET', path, { headers: { accept: 'application/json' }, signal: given.signal })
    await until('both are being waited for', async () => (await readersOf(id)) === 2)
    given.abort()
    await expect(left).rejects.toThrow()
    await until('one has left', async () => (await readersOf(id)) === 1)
    await api.client.send(id, 1)
    expect(dataOf((await had).body)).toEqual([1])
    expect(await readersOf(id)).toBe(0)
  })

  it('is a reader no more when its connection dies, though it waits behind an open event stream', async () => {
    const [open, id] = [await startStream(api.client), await startStream(api.client)]
    const get = (path: string, accept: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\naccept: ${accept}\r\n\r\n`
    const socket = connect(api.server.port, '127.0.0.1')
    afterTests(() => void socket.destroy())
    socket.write(get(`/stream/${open}/results`, 'text/event-stream'))
    socket.write(get(`/stream/${id}/results?wait=30000`, 'application/json'))
    await until('the page is being waited for', async () => (await readersOf(id)) === 1)
    socket.destroy()
    await until('it is not any more', async () => (await readersOf(id)) === 0)
  })

  it('is empty when nothing has come by then, and goes on where it was', async () => {
    const id = await streamWith(1)
    const from = String((await api.client.page(id)).body.next)
    const started = performance.now()
    const { body } = await api.client.page(id, { wait: '200', from })
    expect(body).toMatchObject({ results: [], next: from })
    expect(performance.now() - started).toBeGreaterThanOrEqual(190)
  })
})

describe('pages that are asked for and not read', () => {
  const room = 4
  const small = useServer({ env: { PAGE_BUDGET_BYTES: String(room * 1024 * 1024) } })
  const get = (id: string, accept: string): string =>
    `GET /stream/${id}/results HTTP/1.1\r\nhost: x\r\naccept: ${accept}\r\n\r\n`

  let full: string
  let quiet: string

  /** Asks for more pages of 1 MB than there is room for, all behind an open event stream, and waits until the server has seen it. */
  async function askForPages(): Promise<Socket> {
    const [marked, mark] = [await startStream(small.client), '{"data":1}']
    const post = `POST /stream/${marked}/send HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`
    const pages = get(full, 'application/json').repeat(10 * room)
    const socket = connect(small.server.port, '127.0.0.1')
    afterTests(() => void socket.destroy())
    socket.write(`${get(quiet, 'text/event-stream')}${pages}${post}content-length: ${mark.length}\r\n\r\n${mark}`)
    await firstResults(small.client, marked, 1)
    return socket
  }

  beforeAll(async () => {
    full = await startStream(small.client, { processor: 'identity' })
    await small.client.ndjson(full, Array<string>(100).fill('x'.repeat(10_000)))
    await firstResults(small.client, full, 100)
    quiet = await startStream(small.client)
  })

  it('are held up to PAGE_BUDGET_BYTES; further ones are refused until the connection is gone', async () => {
    const socket = await askForPages()
    expectError(await small.client.page(full), 'overloaded')
    socket.destroy()
    await until('there is room again', async () => (await small.client.page(full)).status === 200)
  })

  it('are no more than fit, and make room when they were read', async () => {
    const socket = await askForPages()
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
    await small.client.end(quiet)
    await until('all are answered', () => text.includes('"accepted":1'))
    expect([text.match(/HTTP\/1.1 503/g)?.length, text.match(/"results":\[/g)?.length]).toEqual([9 * room, room])
    await until('there is room again', async () => (await small.client.page(full)).status === 200)
  })
})
