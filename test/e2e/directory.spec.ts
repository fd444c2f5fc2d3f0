import { expectError } from '../support/expect-error.js'
import { firstResults, opened, readResults, startStream } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

const api = useServer()

type Row = Readonly<Record<string, unknown>>

interface List {
  readonly streams: readonly Row[]
  readonly next?: string
}

const list = async (query: Readonly<Record<string, string>> = {}): Promise<List> =>
  (await api.client.list(query)).body as unknown as List

const idsOf = ({ streams }: List): unknown[] => streams.map(({ stream_id }) => stream_id)

/** A label no other test has, to tell the streams of one test from those of others. */
const ownLabel = (): string => `test-${Math.random().toString(36).slice(2)}`

describe('the description of a stream', () => {
  it('says all there is to say', async () => {
    const before = Date.now()
    const { body: started } = await api.client.start('described', { labels: { a: 'b' }, idle_timeout_ms: 60_000 })
    await api.client.ndjson('described', [1, 2, 3])
    await firstResults(api.client, 'described', 3)
    const { status, body } = await api.client.describe('described')
    expect(status).toBe(200)
    expect(body).toEqual({
      status: 'success',
      message: 'Stream described',
      stream_id: 'described',
      incarnation: started.incarnation,
      stream_status: 'open',
      processor: 'uppercase',
      labels: { a: 'b' },
      started_at: expect.any(String),
      last_activity_at: expect.any(String),
      idle_timeout_ms: 60_000,
      retention_ms: 86_400_000,
      oldest: 1,
      latest: 3,
      dead_letters: 0,
      readers: 0,
      lag: 0,
    })
    const times = [
      before - 1,
      Date.parse(String(body.started_at)),
      Date.parse(String(body.last_activity_at)),
      Date.now(),
    ]
    expect([...times].sort((a, b) => a - b)).toEqual(times)
  })

  it('counts the readers there are now', async () => {
    const id = await startStream(api.client)
    const [one, two] = [await opened(readResults(api.client, id)), await opened(readResults(api.client, id))]
    expect((await api.client.describe(id)).body.readers).toBe(2)
    one.close()
    await until('one has left', async () => (await api.client.describe(id)).body.readers === 1)
    two.close()
    await until('both have left', async () => (await api.client.describe(id)).body.readers === 0)
  })

  it('says of an empty stream that the next result is the oldest', async () => {
    const id = await startStream(api.client)
    expect((await api.client.describe(id)).body).toMatchObject({ oldest: 1, latest: 0 })
  })

  it('says that the stream has ended', async () => {
    const id = await startStream(api.client)
    await api.client.end(id)
    await until('it has ended', async () => (await api.client.describe(id)).body.stream_status === 'ended')
  })
})

describe('the list of streams', () => {
  it('has a stream as its description has it', async () => {
    const label = ownLabel()
    const id = await startStream(api.client, { labels: { [label]: '' } })
    const { status: _status, message: _message, ...description } = (await api.client.describe(id)).body
    expect(await list({ label })).toMatchObject({ status: 'success', streams: [description] })
  })

  it('has a stream from the moment its start was answered, and not any more once its delete was', async () => {
    const label = ownLabel()
    for (let round = 0; round < 5; round++) {
      const id = await startStream(api.client, { labels: { [label]: '' } })
      expect(idsOf(await list({ label }))).toEqual([id])
      await api.client.delete(id)
      expect(idsOf(await list({ label }))).toEqual([])
    }
  })

  it('goes on page by page, in order of ids, without a gap and without a repeat', async () => {
    const label = ownLabel()
    const ids = ['p-1', 'p-10', 'p-2', 'p.3', 'pA', 'p_4', 'pa']
    await Promise.all([...ids].reverse().map((id) => api.client.start(id, { labels: { [label]: '' } })))
    const pages: unknown[][] = []
    let query: Record<string, string> | undefined = { label, limit: '3' }
    while (query !== undefined && pages.length < 9) {
      const page = await list(query)
      pages.push(idsOf(page))
      query = page.next === undefined ? undefined : { ...query, after: page.next }
    }
    expect(pages).toEqual([ids.slice(0, 3), ids.slice(3, 6), ids.slice(6)])
  })

  it('has no next page behind one that holds all', async () => {
    const label = ownLabel()
    await startStream(api.client, { labels: { [label]: '' } })
    expect(await list({ label, limit: '1' })).not.toHaveProperty('next')
  })

  it('is that of a status', async () => {
    const label = ownLabel()
    const [open, ended] = [
      await startStream(api.client, { labels: { [label]: '' } }),
      await startStream(api.client, { labels: { [label]: '' } }),
    ]
    await api.client.end(ended)
    await until('it has ended', async () => (await api.client.describe(ended)).body.stream_status === 'ended')
    const of = async (status: string): Promise<unknown[]> => idsOf(await list({ label, status }))
    expect([await of('open'), await of('ended'), await of('closing'), await of('expired')]).toEqual([
      [open],
      [ended],
      [],
      [],
    ])
  })

  it('is that of a label, or of a label with a value', async () => {
    const label = ownLabel()
    const one = await startStream(api.client, { labels: { [label]: 'a:b' } })
    await startStream(api.client, { labels: { [label]: 'a' } })
    expect(await list({ label })).toMatchObject({ streams: { length: 2 } })
    expect(idsOf(await list({ label: `${label}:a:b` }))).toEqual([one])
    expect(idsOf(await list({ label: `${label}:` }))).toEqual([])
    expect(idsOf(await list({ label: 'toString' }))).toEqual([])
  })

  it.each([
    ['limit', '0'],
    ['limit', '1001'],
    ['limit', 'all'],
    ['limit', ''],
    ['status', 'broken'],
    ['status', ''],
  ])('is refused with %s=%j, which the error names', async (name, value) => {
    const reply = await api.client.list({ [name]: value })
    expectError(reply, 'invalid_request')
    expect(reply.body.message).toContain(name)
  })

  it.each(['limit=1&limit=2', 'status=open&status=ended', 'after=a&after=b', 'label=a&label=b'])(
    'is refused with %s',
    async (query) => {
      expectError(await api.client.call('GET', `/streams?${query}`), 'invalid_request')
    },
  )
})
