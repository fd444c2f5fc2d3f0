import { expectError } from '../support/expect-error.js'
import type { Reply } from '../support/http.js'
import { readEvents } from '../support/reading.js'
import {
  firstResults,
  opened,
  readResults,
  resultsSoFar,
  startAnew,
  startStream,
  valuesOf,
} from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

// A start takes long on a machine that is busy with other tests.
const restartLimitMs = 60_000

const api = useServer()

/** What every call about a stream answers. */
async function everyCall(id: string): Promise<Reply[]> {
  const { client } = api
  return [
    await client.send(id, 'late'),
    await client.ndjson(id, ['late']),
    await client.send(id, 'late', { 'idempotency-key': 'late' }),
    await client.end(id),
    await client.describe(id),
    await client.page(id),
    await client.call('GET', `/stream/${id}/results`, { headers: { accept: 'text/event-stream' } }),
    await client.delete(id),
  ]
}

describe('an end', () => {
  it('is confirmed', async () => {
    const id = await startStream(api.client)
    const reply = await api.client.end(id)
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({ status: 'success', message: `Stream ${id} disconnected successfully` })
  })

  it('can be asked for again, at once and later', async () => {
    const id = await startStream(api.client)
    const replies = await Promise.all([api.client.end(id), api.client.end(id), api.client.end(id)])
    await until('the stream has ended', async () => (await api.client.describe(id)).body.stream_status === 'ended')
    replies.push(await api.client.end(id))
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })

  it('needs no body and takes any', async () => {
    const id = await startStream(api.client)
    const path = `/stream/${id}/end`
    const bodies = [undefined, '', '{}', 'no JSON']
    const replies = bodies.map((body) => api.client.call('POST', path, { ...(body !== undefined && { body }) }))
    expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })

  it('reaches readers behind the last result, and closes their connections', async () => {
    const id = await startStream(api.client)
    const reader = await opened(readResults(api.client, id, { stopAt: '204' }))
    await api.client.ndjson(id, ['a', 'b'])
    await api.client.end(id)
    expect(await reader.stopped).toBe('204')
    expect(reader.events.map(({ event }) => event)).toEqual(['message', 'message', 'end'])
    expect(reader.events.at(-1)).toMatchObject({
      id: expect.stringMatching(/-end$/),
      data: '{"reason":"ended"}',
      connection: 1,
    })
  })

  it('makes every send after it a refusal', async () => {
    const id = await startStream(api.client)
    await api.client.send(id, 'a')
    await api.client.end(id)
    expectError(await api.client.send(id, 'late'), 'stream_closed')
    expectError(await api.client.ndjson(id, ['late']), 'stream_closed')
    expectError(await api.client.send(id, 'late', { 'idempotency-key': 'k' }), 'stream_closed')
    const who = { 'producer-id': 'p', 'producer-epoch': '0', 'producer-seq': '0' }
    expectError(await api.client.send(id, 'late', who), 'stream_closed')
    await until('the end is there', async () => (await api.client.page(id)).body.end)
    expect(await readEvents(api.client, id, {})).toEqual({ status: 200, values: ['A'], end: 'ended' })
  })

  it('leaves the results to be read', async () => {
    const id = await startStream(api.client)
    await api.client.ndjson(id, ['a', 'b'])
    await api.client.end(id)
    expect((await firstResults(api.client, id, 2)).map(({ data }) => data)).toEqual(['A', 'B'])
    expect(await readEvents(api.client, id, {})).toEqual({ status: 200, values: ['A', 'B'], end: 'ended' })
  })

  it(
    'is still there after SIGKILL',
    async () => {
      const id = await startStream(api.client)
      await api.client.send(id, 'a')
      await api.client.end(id)
      await api.server.kill('SIGKILL')
      await api.server.restart()
      await until('the stream has ended', async () => (await api.client.describe(id)).body.stream_status === 'ended')
      expect(await readEvents(api.client, id, {})).toEqual({ status: 200, values: ['A'], end: 'ended' })
    },
    restartLimitMs,
  )
})

describe('a delete', () => {
  it('is confirmed', async () => {
    const id = await startStream(api.client)
    const reply = await api.client.delete(id)
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({ status: 'success', message: `Stream ${id} deleted` })
  })

  it('tells the readers and closes their connections', async () => {
    const id = await startStream(api.client)
    const reader = await opened(readResults(api.client, id, { stopAt: '204' }))
    await api.client.send(id, 'a')
    await until('the result is there', () => reader.events.length === 1)
    await api.client.delete(id)
    expect(await reader.stopped).toBe('refused')
    expect(reader.events.slice(1)).toMatchObject([{ event: 'end', data: '{"reason":"deleted"}', connection: 1 }])
    expect(reader.connections.at(-1)?.status).toBe(404)
  })

  it.each([
    ['a stream that is open', (): Promise<unknown> => Promise.resolve()],
    [
      'a stream that has ended',
      async (id: string): Promise<unknown> => {
        await api.client.end(id)
        return until('it is over', async () => (await api.client.describe(id)).body.stream_status === 'ended')
      },
    ],
    ['a stream that is about to end', (id: string): Promise<unknown> => api.client.end(id)],
  ])('of %s makes every call about it 404 from then on', async (_, before) => {
    const id = await startStream(api.client)
    await api.client.send(id, 'a')
    await before(id)
    expect((await api.client.delete(id)).status).toBe(200)
    for (const reply of await everyCall(id)) expectError(reply, 'stream_not_found')
    await startAnew(api.client, id)
    await api.client.delete(id)
    for (const reply of await everyCall(id)) expectError(reply, 'stream_not_found')
  })

  it('makes room for a new stream of that id, with nothing of the old one', async () => {
    const id = await startStream(api.client, { labels: { old: 'yes' } })
    await api.client.ndjson(id, ['old', 'older'], { 'idempotency-key': 'k' })
    await firstResults(api.client, id, 2)
    await api.client.delete(id)
    await startAnew(api.client, id)
    await api.client.send(id, 'new', { 'idempotency-key': 'k' })
    expect(valuesOf(await readerWithAResult(id))).toEqual(['NEW'])
    expect((await api.client.describe(id)).body).toMatchObject({ labels: {}, oldest: 1, latest: 1 })
  })

  it(
    'is still there after SIGKILL',
    async () => {
      const [id, other] = [await startStream(api.client), await startStream(api.client)]
      await api.client.delete(id)
      await api.server.kill('SIGKILL')
      await api.server.restart()
      expectError(await api.client.describe(id), 'stream_not_found')
      expect(await resultsSoFar(api.client, other)).toEqual([])
    },
    restartLimitMs,
  )
})

/** A reader that has got its first result. */
async function readerWithAResult(id: string): Promise<ReturnType<typeof readResults>> {
  const reader = readResults(api.client, id)
  await until('a result is there', () => reader.events.length > 0)
  return reader
}
