import { expectError } from '../support/expect-error.js'
import { firstResults, readResults, startStream, valuesOf } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

const retentionMs = 2000
const api = useServer({ env: { RESULT_RETENTION_MS: String(retentionMs) } })

interface Stream {
  readonly id: string
  readonly incarnation: string
}

/** Streams whose results 1 and 2 are gone, one for each test: retention goes on for all of them at once. */
const trimmedStreams: Stream[] = []

beforeAll(async () => {
  const started = Array.from({ length: 7 }, async () => {
    const { body } = await api.client.start()
    const id = String(body.stream_id)
    await api.client.ndjson(id, [1, 2])
    await until('the results are gone', async () => (await api.client.describe(id)).body.oldest === 3)
    return { id, incarnation: String(body.incarnation) }
  })
  trimmedStreams.push(...(await Promise.all(started)))
})

function trimmedStream(): Stream {
  const stream = trimmedStreams.pop()
  if (stream === undefined) throw new Error('there are as many trimmed streams as tests that need one')
  return stream
}

describe.each(['from', 'last-event-id'])('a reader whose next result was trimmed, by %s', (by) => {
  it('is told so, and goes on with the oldest result there is', async () => {
    const { id, incarnation } = trimmedStream()
    const cursor = `${incarnation}-1`
    const reader = readResults(api.client, id, by === 'from' ? { from: cursor } : { headers: { [by]: cursor } })
    await until('the reset is there', () => reader.events.length === 1)
    await api.client.send(id, 3)
    await until('the result is there', () => reader.events.length === 2)
    expect(reader.events[0]).toMatchObject({ event: 'reset', id: `${incarnation}-2` })
    expect(JSON.parse(reader.events[0]?.data ?? '')).toEqual({ reason: 'trimmed', oldest: 3, latest: 2 })
    expect(valuesOf(reader)).toEqual([3])
  })
})

it('a reader that has seen the last result that was trimmed is not reset', async () => {
  const { id, incarnation } = trimmedStream()
  const reader = readResults(api.client, id, { from: `${incarnation}-2` })
  await api.client.send(id, 3)
  await until('the result is there', () => reader.events.length === 1)
  expect(valuesOf(reader)).toEqual([3])
})

it('a reader from=earliest begins at the oldest result there is, with no reset', async () => {
  const { id } = trimmedStream()
  const reader = readResults(api.client, id, { from: 'earliest' })
  await api.client.send(id, 3)
  await until('the result is there', () => reader.events.length === 1)
  expect(reader.events[0]).toMatchObject({ event: 'message', id: expect.stringMatching(/-3$/) })
})

it('a page says that it does not begin where it was asked to', async () => {
  const { id, incarnation } = trimmedStream()
  await api.client.send(id, 3)
  await firstResults(api.client, id, 1)
  const { body } = await api.client.page(id, { from: `${incarnation}-0` })
  expect(body).toMatchObject({
    reset: { reason: 'trimmed', oldest: 3, latest: 3 },
    results: [{ id: `${incarnation}-3`, data: 3 }],
  })
})

it('a stream that has ended is there until its retention is over, and then not found', async () => {
  const id = await startStream(api.client, { retention_ms: 1000 })
  await api.client.send(id, 'a')
  await api.client.end(id)
  expect(await firstResults(api.client, id, 1)).toHaveLength(1)
  await until('the stream is gone', async () => (await api.client.describe(id)).status === 404)
  expectError(await api.client.page(id), 'stream_not_found')
  expectError(await api.client.send(id, 'b'), 'stream_not_found')
  expect((await api.client.start(id)).status).toBe(200)
})

it('a stream that is open is there however long nothing is left of its results', async () => {
  const { id } = trimmedStream()
  expect((await api.client.describe(id)).body).toMatchObject({ stream_status: 'open', oldest: 3, latest: 2 })
})
