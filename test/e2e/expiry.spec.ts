import { expectError } from '../support/expect-error.js'
import { readEvents } from '../support/reading.js'
import { opened, readResults, startAnew, startStream } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

const serverIdleMs = 1000
// A start takes long on a machine that is busy with other tests.
const restartLimitMs = 60_000

const api = useServer({ env: { STREAM_IDLE_TIMEOUT_MS: String(serverIdleMs) } })

const statusOf = async (id: string): Promise<unknown> => (await api.client.describe(id)).body.stream_status

async function untilExpired(id: string): Promise<void> {
  await until(`${id} has expired`, async () => (await statusOf(id)) === 'expired')
}

/** Lets time pass in which a stream that nobody uses expires `times` times. */
async function idleTimes(times: number, idleMs: number): Promise<void> {
  for (let time = 0; time < times; time++)
    await untilExpired(await startStream(api.client, { idle_timeout_ms: idleMs }))
}

it('a stream that nobody uses expires: its results stay, with a timeout behind them', async () => {
  let id = ''
  // On a busy machine it can have expired before.
  await until('a send is in time', async () => {
    id = await startStream(api.client, { idle_timeout_ms: 100 })
    return (await api.client.send(id, 'a')).status === 200
  })
  await untilExpired(id)
  expect(await readEvents(api.client, id, {})).toEqual({ status: 200, values: ['A'], end: 'timeout' })
})

it('a stream without a timeout of its own has the server’s', async () => {
  const id = await startStream(api.client)
  const { started_at } = (await api.client.describe(id)).body
  await untilExpired(id)
  expect(Date.now() - Date.parse(String(started_at))).toBeGreaterThanOrEqual(serverIdleMs)
})

it('the timeout stops an EventSource that comes back with its id', async () => {
  const id = await startStream(api.client, { idle_timeout_ms: 100 })
  await untilExpired(id)
  const reader = readResults(api.client, id, { stopAt: '204' })
  expect(await reader.stopped).toBe('204')
  expect(reader.events).toMatchObject([{ event: 'timeout', data: '{"reason":"timeout"}' }])
})

it('a stream that has expired takes no more data, and can be ended, and deleted', async () => {
  const id = await startStream(api.client, { idle_timeout_ms: 100 })
  await untilExpired(id)
  expectError(await api.client.send(id, 'late'), 'stream_closed')
  expect((await api.client.end(id)).status).toBe(200)
  expect(await statusOf(id)).toBe('expired')
  expect((await api.client.delete(id)).status).toBe(200)
})

it('a stream that has expired can be started anew', async () => {
  const first = await api.client.start('again', { idle_timeout_ms: 100 })
  await untilExpired('again')
  const second = await startAnew(api.client, 'again')
  expect(second.body.incarnation).not.toBe(first.body.incarnation)
})

it('a reader keeps a stream alive, and it expires when the reader is gone', async () => {
  const id = await startStream(api.client, { idle_timeout_ms: 300 })
  const reader = await opened(readResults(api.client, id))
  await idleTimes(3, 300)
  expect(await statusOf(id)).toBe('open')
  reader.close()
  await untilExpired(id)
})

it('a page that is waited for keeps a stream alive, and it expires when the client is gone', async () => {
  const id = await startStream(api.client, { idle_timeout_ms: 300 })
  const [headers, given] = [{ accept: 'application/json' }, new AbortController()]
  const options = { headers, signal: given.signal }
  const page = api.client.call('GET', `/stream/${id}/results?wait=30000`, options).catch(() => 'given up')
  await idleTimes(3, 300)
  expect(await statusOf(id)).toBe('open')
  given.abort()
  expect(await page).toBe('given up')
  await untilExpired(id)
})

it('sends keep a stream alive', async () => {
  const id = await startStream(api.client, { idle_timeout_ms: 800 })
  const other = await startStream(api.client, { idle_timeout_ms: 1600 })
  await until('the idle time has passed twice', async () => {
    expect((await api.client.send(id, 'a')).status).toBe(200)
    return (await statusOf(other)) === 'expired'
  })
})

it(
  'a stream expires though the server was killed meanwhile',
  async () => {
    const id = await startStream(api.client, { idle_timeout_ms: 300 })
    await api.client.send(id, 'a')
    await api.server.kill('SIGKILL')
    await api.server.restart()
    await untilExpired(id)
    expect(await readEvents(api.client, id, {})).toEqual({ status: 200, values: ['A'], end: 'timeout' })
  },
  restartLimitMs,
)
