import { expectError } from '../support/expect-error.js'
import { resultsSoFar, startStream } from '../support/streams.js'
import { useServer } from '../support/use-server.js'

// A start takes long on a machine that is busy with other tests.
const restartLimitMs = 60_000

const api = useServer()

const key = { 'idempotency-key': 'k' }
const producer = (epoch: number, seq: number): Record<string, string> => ({
  'producer-id': 'p',
  'producer-epoch': String(epoch),
  'producer-seq': String(seq),
})

async function kill(): Promise<void> {
  await api.server.kill('SIGKILL')
  await api.server.restart()
}

it(
  'a send that is retried after SIGKILL is a duplicate',
  async () => {
    const id = await startStream(api.client)
    await api.client.send(id, 'a', key)
    await api.client.send(id, 'b', producer(1, 0))
    await kill()
    expect((await api.client.send(id, 'a', key)).body).toHaveProperty('duplicate', true)
    expect((await api.client.send(id, 'b', producer(1, 0))).body).toHaveProperty('duplicate', true)
    expect(await resultsSoFar(api.client, id)).toEqual(['A', 'B'])
  },
  restartLimitMs,
)

it(
  'what was refused before SIGKILL is refused after it',
  async () => {
    const id = await startStream(api.client)
    await api.client.send(id, 'a', key)
    await api.client.send(id, 'b', producer(1, 0))
    await kill()
    expectError(await api.client.send(id, 'x', key), 'idempotency_key_reused')
    expectError(await api.client.send(id, 'x', producer(0, 0)), 'producer_fenced')
    expectError(await api.client.send(id, 'x', producer(1, 5)), 'producer_gap', { expected: 1 })
    expect(await resultsSoFar(api.client, id)).toEqual(['A', 'B'])
  },
  restartLimitMs,
)

it(
  'sends that were in flight at SIGKILL are taken once, whoever saw an answer',
  async () => {
    const id = await startStream(api.client)
    const values = Array.from({ length: 40 }, (_, number) => number)
    const send = (value: number): Promise<unknown> => api.client.send(id, value, { 'idempotency-key': `k${value}` })
    const cut = values.map((value) => send(value).catch(() => 'cut'))
    await Promise.race(cut) // One is answered, others are on their way.
    await api.server.kill('SIGKILL')
    await Promise.all(cut)
    await api.server.restart()
    for (const value of values) await send(value)
    const results = await resultsSoFar(api.client, id)
    expect([...results].sort((a, b) => Number(a) - Number(b))).toEqual(values)
  },
  restartLimitMs,
)
