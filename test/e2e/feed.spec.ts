import { readConnection } from '../support/reading.js'
import { SseReader } from '../support/sse-reader.js'
import type { SseReaderOptions } from '../support/sse-reader.js'
import { opened, startAnew, startStream } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

// A start takes long on a machine that is busy with other tests.
const restartLimitMs = 60_000

const api = useServer({ env: { STREAM_IDLE_TIMEOUT_MS: '1000' } })

interface Told {
  readonly type: string
  readonly stream_id: string
  readonly incarnation: string
  readonly at: string
}

function feed(query = '', options: SseReaderOptions = {}): SseReader {
  return new SseReader(`${api.client.url}/streams/events${query}`, options)
}

/** What a reader was told about a stream, in order. */
function toldOf(reader: SseReader, id: string): Told[] {
  const told = reader.events.filter(({ event }) => event === 'message').map(({ data }) => JSON.parse(data) as Told)
  return told.filter(({ stream_id }) => stream_id === id)
}

const typesOf = (reader: SseReader, id: string): string[] => toldOf(reader, id).map(({ type }) => type)

async function untilTold(reader: SseReader, id: string, type: string): Promise<void> {
  await until(`${id} is told to be ${type}`, () => typesOf(reader, id).includes(type))
}

/** A place in each partition that is not reached yet. */
async function beyondTheEnd(): Promise<string> {
  const reader = await opened(feed('?from=latest'))
  await untilTold(reader, await startStream(api.client), 'started')
  return String(reader.events[0]?.id).replace(/[0-9a-z]+/g, 'z'.repeat(10))
}

describe('the feed of all streams', () => {
  it('tells of starts and ends, in order, with the time of each', async () => {
    const reader = await opened(feed('?from=latest'))
    const { body } = await api.client.start()
    const id = String(body.stream_id)
    await api.client.end(id)
    await untilTold(reader, id, 'ended')
    const told = toldOf(reader, id)
    expect(told.map(({ type }) => type)).toEqual(['started', 'closing', 'ended'])
    expect(told.map(({ incarnation }) => incarnation)).toEqual(Array(3).fill(body.incarnation))
    const times = told.map(({ at }) => Date.parse(at))
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  it('tells of deletes', async () => {
    const reader = await opened(feed('?from=latest'))
    const id = await startStream(api.client)
    await api.client.delete(id)
    await untilTold(reader, id, 'deleted')
    expect(typesOf(reader, id)).toEqual(['started', 'closing', 'deleted'])
  })

  it('tells of expiry', async () => {
    const reader = await opened(feed('?from=latest'))
    const id = await startStream(api.client, { idle_timeout_ms: 100 })
    await untilTold(reader, id, 'expired')
    expect(typesOf(reader, id)).toEqual(['started', 'closing', 'expired'])
  })

  it('tells of a new incarnation as of a stream of its own', async () => {
    const reader = await opened(feed('?from=latest'))
    const first = await api.client.start()
    const id = String(first.body.stream_id)
    await api.client.end(id)
    const second = await startAnew(api.client, id)
    await until('both are told', () => typesOf(reader, id).length >= 4)
    const lives = toldOf(reader, id).map(({ type, incarnation }) => [type, incarnation])
    expect(lives).toEqual([
      ['started', first.body.incarnation],
      ['closing', first.body.incarnation],
      ['ended', first.body.incarnation],
      ['started', second.body.incarnation],
    ])
  })

  it('tells from the beginning what was before, unless asked not to', async () => {
    const id = await startStream(api.client)
    const [all, earliest] = [feed(), feed('?from=earliest')]
    await Promise.all([untilTold(all, id, 'started'), untilTold(earliest, id, 'started')])
    expect(earliest.events[0]).toEqual(all.events[0])
  })

  it('goes on after a cut, without a gap and without a repeat', async () => {
    const reader = await opened(feed('?from=latest'))
    const ids: string[] = []
    for (let round = 0; round < 10; round++) {
      ids.push(await startStream(api.client))
      if (round % 3 === 0) reader.cut()
    }
    await untilTold(reader, ids.at(-1) ?? '', 'started')
    expect(ids.map((id) => typesOf(reader, id).filter((type) => type === 'started'))).toEqual(
      ids.map(() => ['started']),
    )
  })

  it('goes on behind the id of any event, given as from or as Last-Event-ID', async () => {
    const whole = await opened(feed('?from=latest'))
    const ids: string[] = []
    for (let n = 0; n < 3; n++) {
      const id = await startStream(api.client)
      // One after the other: streams of several partitions may else be told in any order.
      await untilTold(whole, id, 'started')
      ids.push(id)
    }
    // Not the first event of all: it may be one of streams that other tests have left.
    const cursor = whole.events.find(({ data }) => data.includes(ids[0] ?? ''))?.id ?? ''
    const readers = [feed(`?from=${cursor}`), feed('?from=latest', { headers: { 'last-event-id': cursor } })]
    for (const reader of readers) {
      await untilTold(reader, ids[2] ?? '', 'started')
      expect(ids.map((id) => typesOf(reader, id).includes('started'))).toEqual([false, true, true])
    }
  })

  it.each([
    ['malformed', 'nonsense', 'invalid'],
    ['too long', '1'.repeat(257), 'invalid'],
    ['beyond the end', beyondTheEnd, 'future'],
    ['of more partitions than there are', '.0'.repeat(20), 'invalid'],
  ])('is reset to its beginning if Last-Event-ID is %s', async (_, given, reason) => {
    const id = await startStream(api.client)
    const lastEventId = typeof given === 'string' ? given : await given()
    const reader = feed('', { headers: { 'last-event-id': lastEventId } })
    await untilTold(reader, id, 'started')
    expect(reader.events[0]).toMatchObject({ event: 'reset' })
    expect(JSON.parse(reader.events[0]?.data ?? '')).toMatchObject({ reason, oldest: reader.events[0]?.id })
    reader.cut()
    const later = await startStream(api.client)
    await untilTold(reader, later, 'started')
    expect(reader.events.filter(({ event }) => event === 'reset')).toHaveLength(1)
  })

  it.each(['nonsense', '', '-1', '1.5', '.0.0', '1'.repeat(257)])('does not begin from=%s', async (from) => {
    const refused = await readConnection(api.client, '/streams/events', { from })
    expect(refused).toMatchObject({ status: 400, code: 'invalid_cursor' })
  })
})

it(
  'the feed goes on through SIGKILL: every start is told once',
  async () => {
    const reader = await opened(feed('?from=latest'))
    const ids: string[] = []
    const starters = Array.from({ length: 20 }, async () => {
      for (;;) ids.push(await startStream(api.client))
    })
    await until('the feed is on its way', () => reader.events.length > 100)
    await api.server.kill('SIGKILL')
    await Promise.allSettled(starters)
    await api.server.restart()
    const last = await startStream(api.client)
    await untilTold(reader, last, 'started')
    const counts = [...ids, last].map((id) => typesOf(reader, id).filter((type) => type === 'started').length)
    expect(counts).toEqual(counts.map(() => 1))
    expect(reader.events.filter(({ event }) => event === 'reset')).toEqual([])
  },
  restartLimitMs,
)
