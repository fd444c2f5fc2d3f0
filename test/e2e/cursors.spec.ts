import { readEvents, readPage } from '../support/reading.js'
import type { Reading, Where } from '../support/reading.js'
import { firstResults, startAnew, startStream } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

const api = useServer()

interface Stream {
  readonly id: string
  readonly incarnation: string
}

/** A stream with the results 1 to 5, still open. */
async function openStream(): Promise<Stream> {
  const { body } = await api.client.start()
  const id = String(body.stream_id)
  await api.client.ndjson(id, [1, 2, 3, 4, 5])
  await firstResults(api.client, id, 5)
  return { id, incarnation: String(body.incarnation) }
}

async function end(id: string): Promise<void> {
  await api.client.end(id)
  await until('the stream has ended', async () => (await api.client.describe(id)).body.stream_status === 'ended')
}

/** The same, ended. */
async function endedStream(): Promise<Stream> {
  const stream = await openStream()
  await end(stream.id)
  return stream
}

const all = { status: 200, values: [1, 2, 3, 4, 5], end: 'ended' }
const isNone = { status: 400, code: 'invalid_cursor' }
const resetTo = (reason: string): Reading => ({ ...all, reset: { reason, oldest: 1, latest: 5 } })

describe.each([
  ['an event stream', readEvents],
  ['a page of JSON', readPage],
])('%s begins', (_, readAs) => {
  const read = ({ id }: Stream, where: Where): Promise<Reading> => readAs(api.client, id, where)

  it('at the oldest result, if nothing else is said', async () => {
    expect(await read(await endedStream(), {})).toEqual(all)
  })

  it('at the oldest result, if Last-Event-ID is empty', async () => {
    expect(await read(await endedStream(), { lastEventId: '' })).toEqual(all)
  })

  it('at the oldest result from=earliest', async () => {
    expect(await read(await endedStream(), { from: 'earliest' })).toEqual(all)
  })

  it('behind the newest result from=latest', async () => {
    expect(await read(await endedStream(), { from: 'latest' })).toEqual({ ...all, values: [] })
  })

  it.each(['from', 'lastEventId'] as const)('behind the cursor of a result given as %s', async (by) => {
    const stream = await endedStream()
    const at = async (seq: number): Promise<unknown> =>
      (await read(stream, { [by]: `${stream.incarnation}-${seq}` })).values
    const rests = [await at(0), await at(2), await at(4), await at(5)]
    expect(rests).toEqual([[1, 2, 3, 4, 5], [3, 4, 5], [5], []])
  })

  it('where Last-Event-ID says, whatever from says', async () => {
    const stream = await endedStream()
    const lastEventId = `${stream.incarnation}-3`
    for (const from of ['latest', 'earliest', `${stream.incarnation}-1`, 'nonsense'])
      expect(await read(stream, { from, lastEventId })).toEqual({ ...all, values: [4, 5] })
  })

  it('at the first result from a time on', async () => {
    const { id, incarnation } = await openStream()
    // Times are kept by the batch: results of the same moment may come along.
    const after = Date.now() + 200
    await until('the moment has passed', () => Date.now() > after)
    await api.client.ndjson(id, [6, 7])
    await firstResults(api.client, id, 7)
    await end(id)
    const { values } = await read({ id, incarnation }, { from: new Date(after).toISOString() })
    expect(values).toEqual([6, 7])
  })

  it.each(['2000-01-01', '2000-01-01T00:00Z', '2000-01-01T00:00:00.5+05:30'])(
    'at the oldest result from a time before it: %s',
    async (from) => {
      expect(await read(await endedStream(), { from })).toEqual(all)
    },
  )

  it('behind the newest result from a time to come', async () => {
    expect(await read(await endedStream(), { from: '2999-12-31T23:59:59Z' })).toEqual({ ...all, values: [] })
  })

  describe.each(['from', 'lastEventId'] as const)('with a reset, given as %s,', (by) => {
    it('at a cursor beyond the newest result', async () => {
      const stream = await endedStream()
      expect(await read(stream, { [by]: `${stream.incarnation}-6` })).toEqual(resetTo('future'))
    })

    it('at a cursor of a former incarnation', async () => {
      const former = await endedStream()
      await startAnew(api.client, former.id)
      await api.client.ndjson(former.id, [1, 2, 3, 4, 5])
      await end(former.id)
      expect(await read(former, { [by]: `${former.incarnation}-2` })).toEqual(resetTo('incarnation'))
      expect(await read(former, { [by]: `${former.incarnation}-end` })).toEqual(resetTo('incarnation'))
    })

    it('at the end of a stream that has not ended', async () => {
      const { id, incarnation } = await openStream()
      const page = await api.client.page(id, { from: `${incarnation}-end` })
      expect(page.body).toMatchObject({ reset: { reason: 'future', oldest: 1, latest: 5 }, results: { length: 5 } })
    })

    it('never: the end of the newest incarnation is answered 204', async () => {
      const stream = await endedStream()
      expect(await read(stream, { [by]: `${stream.incarnation}-end` })).toEqual({ status: 204 })
    })
  })

  const noCursors = [
    ['a word', 'nonsense'],
    ['half a cursor', '0123456789abcdef'],
    ['a cursor with a sign', '0123456789abcdef-+1'],
    ['a cursor with leading zeros', '0123456789abcdef-01'],
    ['a number beyond 2^53', '0123456789abcdef-9007199254740993'],
    ['257 characters', 'x'.repeat(257)],
    ['a cursor and then 256 characters', `0123456789abcdef-1${' '.repeat(256)}x`],
    ['a date that is none', '2026-13-45'],
  ] as const

  it.each([...noCursors, ['nothing', ''] as const])('nowhere from %s', async (_name, from) => {
    expect(await read(await endedStream(), { from })).toEqual(isNone)
  })

  it.each(noCursors)('with a reset if Last-Event-ID is %s', async (_name, lastEventId) => {
    expect(await read(await endedStream(), { lastEventId })).toEqual(resetTo('invalid'))
  })

  it('nowhere from the cursor of another stream', async () => {
    const { incarnation } = await openStream()
    expect(await read(await endedStream(), { from: `${incarnation}-1` })).toEqual(isNone)
  })

  it('with a reset if Last-Event-ID is the cursor of another stream', async () => {
    const { incarnation } = await openStream()
    expect(await read(await endedStream(), { lastEventId: `${incarnation}-1` })).toEqual(resetTo('incarnation'))
  })

  it('nowhere in a stream that is not there, whatever the cursor', async () => {
    const nobody = { id: 'nobody', incarnation: '0123456789abcdef' }
    const notFound = { status: 404, code: 'stream_not_found' }
    for (const where of [{ from: 'x' }, { from: 'latest' }, { lastEventId: `${nobody.incarnation}-end` }])
      expect(await read(nobody, where)).toEqual(notFound)
  })
})

it('from may be given only once', async () => {
  const id = await startStream(api.client)
  const reply = await api.client.call('GET', `/stream/${id}/results?from=earliest&from=latest`)
  expect([reply.status, reply.body.code]).toEqual([400, 'invalid_cursor'])
})
