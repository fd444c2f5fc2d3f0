import { startStream } from '../support/streams.js'
import { SseReader } from '../support/sse-reader.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

const api = useServer({ env: { RECONNECT_MS: '4000' } })

describe('readers are told to come back after RECONNECT_MS, give or take half, not all at once', () => {
  it.each([
    ['of results', async () => `/stream/${await startStream(api.client)}/results`],
    ['of what happens to streams', async () => '/streams/events'],
  ])('%s', async (_, address) => {
    const url = `${api.client.url}${await address()}`
    const readers = Array.from({ length: 8 }, () => new SseReader(url))
    await until('all know', () => readers.every(({ retryMs }) => retryMs !== undefined))
    const times = readers.map(({ retryMs }) => retryMs ?? 0)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(2_000)
    expect(Math.max(...times)).toBeLessThanOrEqual(6_000)
    expect(new Set(times).size).toBeGreaterThan(1)
  })
})
