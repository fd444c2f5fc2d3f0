import { readConnection } from '../support/reading.js'
import { firstResults, opened, readResults, startAnew, startStream, valuesOf } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

const api = useServer()

const reset = (id: string, oldest: number, latest: number, reason: string): unknown => ({
  event: 'reset',
  id,
  data: JSON.stringify({ reason, oldest, latest }),
})

async function startedWith(...values: readonly unknown[]): Promise<{ id: string; incarnation: string }> {
  const { body } = await api.client.start()
  const [id, incarnation] = [String(body.stream_id), String(body.incarnation)]
  if (values.length > 0) await api.client.ndjson(id, values)
  await firstResults(api.client, id, values.length)
  return { id, incarnation }
}

it('every result carries the cursor behind which reading goes on', async () => {
  const { id, incarnation } = await startedWith(1, 2, 3)
  await api.client.end(id)
  const { positions, events } = await readConnection(api.client, `/stream/${id}/results`, {})
  expect(positions).toEqual([0, 1, 2, 3, 'end'].map((seq) => `${incarnation}-${seq}`))
  expect(events.map((event) => event.id)).toEqual(positions.slice(1))
})

it('results on a page carry the same cursors, and next is the last of them', async () => {
  const { id, incarnation } = await startedWith(1, 2, 3)
  const { body } = await api.client.page(id, { limit: '2' })
  expect(body.results).toEqual([
    { id: `${incarnation}-1`, status: 'success', data: 1 },
    { id: `${incarnation}-2`, status: 'success', data: 2 },
  ])
  expect(body.next).toBe(`${incarnation}-2`)
})

it('a reader from=latest that is cut off before its first result misses nothing', async () => {
  const { id } = await startedWith('old')
  const reader = await opened(readResults(api.client, id, { from: 'latest' }))
  reader.cut()
  await api.client.ndjson(id, ['a', 'b'])
  await until('the results are there', () => reader.events.length >= 2)
  expect(valuesOf(reader)).toEqual(['A', 'B'])
})

it('a reader of an empty stream is in position before the first result', async () => {
  const { id, incarnation } = await startedWith()
  const reader = await opened(readResults(api.client, id))
  expect(reader.lastEventId).toBe(`${incarnation}-0`)
})

it('a reader that is reset gets all that is there, and goes on from there without another reset', async () => {
  const { id, incarnation } = await startedWith(1, 2)
  const reader = readResults(api.client, id, { from: `${incarnation}-7` })
  await until('the results are there', () => reader.events.length === 3)
  reader.cut()
  await api.client.send(id, 3)
  await until('the new result is there', () => reader.events.length === 4)
  expect(reader.events[0]).toMatchObject(reset(`${incarnation}-0`, 1, 2, 'future') as object)
  expect(valuesOf(reader)).toEqual([1, 2, 3])
  expect(reader.connections).toHaveLength(2)
})

it('a reader that is reset in an empty stream is in position for the first result', async () => {
  const { id, incarnation } = await startedWith()
  const reader = readResults(api.client, id, { from: `${incarnation}-7` })
  await until('the reset is there', () => reader.events.length === 1)
  reader.cut()
  await api.client.send(id, 1)
  await until('the result is there', () => reader.events.length === 2)
  expect(reader.events[0]).toMatchObject(reset(`${incarnation}-0`, 1, 0, 'future') as object)
  expect(valuesOf(reader)).toEqual([1])
})

it('a reader of a former incarnation is reset to the beginning of the new one', async () => {
  const { id, incarnation } = await startedWith(1, 2, 3)
  await api.client.end(id)
  const { body } = await startAnew(api.client, id)
  await api.client.ndjson(id, ['a', 'b'])
  await firstResults(api.client, id, 2)
  const reader = readResults(api.client, id, { headers: { 'last-event-id': `${incarnation}-3` } })
  await until('the results are there', () => reader.events.length === 3)
  expect(reader.events[0]).toMatchObject(reset(`${String(body.incarnation)}-0`, 1, 2, 'incarnation') as object)
  expect(valuesOf(reader)).toEqual(['A', 'B'])
})

it('a reader is told, within bounds, how long to wait before it comes back', async () => {
  const id = await startStream(api.client)
  const reader = await opened(readResults(api.client, id))
  expect(reader.retryMs).toBeGreaterThanOrEqual(1000)
  expect(reader.retryMs).toBeLessThanOrEqual(3000)
})
