import { expectError } from '../support/expect-error.js'
import type { Reply } from '../support/http.js'
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

const serverRetentionMs = 3_600_000
const api = useServer({ env: { RESULT_RETENTION_MS: String(serverRetentionMs), STREAM_IDLE_TIMEOUT_MS: '600000' } })

const start = (body: string | undefined, contentType?: string, path = '/stream/start'): Promise<Reply> =>
  api.client.call('POST', path, {
    headers: contentType === undefined ? {} : { 'content-type': contentType },
    ...(body !== undefined && { body }),
  })

/** What was chosen for a stream. */
async function settingsOf(id: unknown): Promise<Record<string, unknown>> {
  const { body } = await api.client.describe(String(id))
  const { processor, labels, idle_timeout_ms, retention_ms } = body
  return { processor, labels, idle_timeout_ms, retention_ms }
}

const defaults = { processor: 'uppercase', labels: {}, idle_timeout_ms: 600_000, retention_ms: serverRetentionMs }

describe('a start', () => {
  it('without an id makes one', async () => {
    const reply = await api.client.start()
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({
      status: 'success',
      message: 'Stream started successfully!',
      stream_id: expect.stringMatching(/^[A-Za-z0-9._~-]{1,128}$/),
      incarnation: expect.stringMatching(/./),
    })
    expect((await api.client.describe(String(reply.body.stream_id))).body).toMatchObject({ stream_status: 'open' })
  })

  it('makes another id each time', async () => {
    expect(await startStream(api.client)).not.toBe(await startStream(api.client))
  })

  it('takes the client’s id from the address', async () => {
    expect((await api.client.start('mine')).body).toMatchObject({ status: 'success', stream_id: 'mine' })
  })

  it('takes the client’s id from the body', async () => {
    expect((await api.client.start(undefined, { stream_id: 'my.own' })).body).toMatchObject({ stream_id: 'my.own' })
  })

  describe.each(['/stream/start', '/stream/{id}/start'])('at %s has all defaults with', (address) => {
    const types = [undefined, 'application/json', 'application/x-ndjson', 'text/plain', 'image/png', 'no type at all']
    const bodies = [undefined, '', ' \n', '{}']

    it.each(types.flatMap((type) => bodies.map((body) => [body, type] as const)))(
      'the body %j and the content type %s',
      async (body, contentType) => {
        const path = address.replace('{id}', `id-${Math.random()}`)
        expect(await settingsOf((await start(body, contentType, path)).body.stream_id)).toEqual(defaults)
      },
    )
  })

  it('takes settings whatever the content type', async () => {
    const { body } = await start('{"processor":"identity"}', 'text/plain')
    expect(await settingsOf(body.stream_id)).toMatchObject({ processor: 'identity' })
  })

  it('keeps every setting', async () => {
    const settings = {
      processor: 'identity',
      idle_timeout_ms: 100,
      retention_ms: 1000,
      labels: { team: 'a', ü: 'é\n', empty: '', toString: 'b', length: '3' },
    }
    const id = await startStream(api.client, { ...settings, processor_options: {} })
    expect(await settingsOf(id)).toEqual(settings)
  })

  it('takes null for no value', async () => {
    const names = ['processor', 'processor_options', 'idle_timeout_ms', 'retention_ms', 'labels', 'stream_id']
    const id = await startStream(api.client, Object.fromEntries(names.map((name) => [name, null])))
    expect(await settingsOf(id)).toEqual(defaults)
  })
})

describe('a start is refused', () => {
  it('while the stream is active', async () => {
    const id = await startStream(api.client)
    expectError(await api.client.start(id), 'stream_exists')
    expectError(await api.client.start(undefined, { stream_id: id }), 'stream_exists')
  })

  it('to all but one of those who start a stream at once', async () => {
    const replies = await Promise.all(Array.from({ length: 10 }, () => api.client.start('contended')))
    const [winners, losers] = [
      replies.filter(({ status }) => status === 200),
      replies.filter(({ status }) => status !== 200),
    ]
    expect(winners).toHaveLength(1)
    for (const reply of losers) expectError(reply, 'stream_exists')
    expect((await api.client.describe('contended')).body.incarnation).toBe(winners[0]?.body.incarnation)
  })

  it('with the name of a processor that is not there', async () => {
    expectError(await api.client.start(undefined, { processor: 'toString' }), 'unknown_processor')
  })

  it.each([
    ['cut off JSON', '{"labels":', 'invalid_json'],
    [
      'settings nested too deeply',
      `{"processor_options":{"a":${'['.repeat(9_000)}${']'.repeat(9_000)}}}`,
      'invalid_json',
    ],
    ['an array', '[]', 'invalid_request'],
    ['null', 'null', 'invalid_request'],
    ['a string', '"x"', 'invalid_request'],
  ] as const)('with %s as its body', async (_, body, code) => {
    expectError(await start(body, 'application/json'), code)
  })

  it.each([
    ['idle_timeout_ms', 99],
    ['idle_timeout_ms', 1e12],
    ['idle_timeout_ms', 100.5],
    ['idle_timeout_ms', '1000'],
    ['retention_ms', 999],
    ['retention_ms', serverRetentionMs + 1],
    ['retention_ms', true],
    ['processor', 5],
    ['processor_options', 'fast'],
    ['processor_options', []],
    ['processor_options', { option: 'x'.repeat(4_096) }],
    ['labels', ['a']],
    ['labels', 'a'],
    ['labels', { a: 1 }],
    ['labels', { a: null }],
    ['labels', { '': 'no name' }],
    ['labels', { ['n'.repeat(65)]: 'v' }],
    ['labels', { n: 'v'.repeat(257) }],
    ['labels', Object.fromEntries(Array.from({ length: 17 }, (_, number) => [number, 'one of too many']))],
    ['stream_id', 5],
    ['retention', 1000],
    ['idleTimeoutMs', 1000],
  ])('with a bad setting, which it names: %s = %j', async (name, value) => {
    const reply = await api.client.start(undefined, { [name]: value })
    expectError(reply, 'invalid_request')
    expect(reply.body.message).toContain(name)
  })

  it('with an option that the processor does not have, which it names', async () => {
    const reply = await api.client.start(undefined, { processor: 'identity', processor_options: { speed: 5 } })
    expectError(reply, 'invalid_processor_options')
    expect(reply.body.message).toBe('processor_options.speed: there is no such option.')
  })

  it('with two ids', async () => {
    expectError(await api.client.start('one', { stream_id: 'two' }), 'invalid_request')
    expectError(await api.client.describe('one'), 'stream_not_found')
  })
})

describe('a start after the end', () => {
  it('is a new incarnation, without the results of the old one', async () => {
    const first = await api.client.start('phoenix')
    await api.client.send('phoenix', 'old')
    await firstResults(api.client, 'phoenix', 1)
    await api.client.end('phoenix')
    const second = await startAnew(api.client, 'phoenix', { processor: 'identity' })
    expect(second.body.incarnation).not.toBe(first.body.incarnation)
    await api.client.send('phoenix', 'new')
    expect(await resultsSoFar(api.client, 'phoenix')).toEqual(['new'])
  })

  it('counts results from 1 again', async () => {
    const id = await startStream(api.client)
    await api.client.ndjson(id, [1, 2, 3])
    await api.client.end(id)
    await startAnew(api.client, id)
    await api.client.send(id, 1)
    const reader = await opened(readResults(api.client, id))
    await until('the result is there', () => reader.events.length > 0)
    const { incarnation } = (await api.client.describe(id)).body
    expect(reader.events.map((event) => event.id)).toEqual([`${String(incarnation)}-1`])
    expect(valuesOf(reader)).toEqual([1])
  })
})
