import { Client } from '../support/client.js'
import { canMeasureMemory } from '../support/memory.js'
import { ProbedServer } from '../support/probed-server.js'
import { ResultCounter } from '../support/result-counter.js'
import { Server } from '../support/server.js'
import { SseReader } from '../support/sse-reader.js'
import { until } from '../support/until.js'

const MiB = 1024 * 1024
const RECORDS = 100

/** A little less than the largest body there can be. */
const body = Array.from({ length: RECORDS }, (_, index) => `${index}${'x'.repeat(10_000)}`)

const resultsOf = (server: Server, id: string): string => `${server.url}/stream/${id}/results`

describe('a reader that stops reading while its stream gets 60 MB', () => {
  const sends = 60
  let server: Server
  let slow: ResultCounter
  let fast: ResultCounter
  /** Of the server's memory, while the reader stands still. */
  let growth: number

  beforeAll(async () => {
    const probed = canMeasureMemory ? await ProbedServer.start() : undefined
    server = probed?.server ?? (await Server.start())
    // Not those of the process: what the allocator keeps of a flood varies by more than a reader may cost.
    const liveBytes = async (): Promise<number> => (await probed?.settle())?.liveBytes ?? 0
    const client = new Client(server.url)
    const flood = async (id: string, times: number): Promise<void> => {
      for (let sent = 0; sent < times; sent++) await client.ndjson(id, body)
    }
    // What the server takes for the flood itself is there before the slow reader comes.
    await client.start('warm-up', { processor: 'identity' })
    await flood('warm-up', 20)
    const before = await liveBytes()

    await client.start('flood', { processor: 'identity' })
    slow = new ResultCounter(resultsOf(server, 'flood'))
    slow.pause()
    fast = new ResultCounter(resultsOf(server, 'flood'))
    await flood('flood', sends)
    await until('the other reader has all', () => fast.last === sends * RECORDS)
    growth = (await liveBytes()) - before
  }, 60_000)

  it('does not hold up the others', () => {
    expect(fast.faults).toEqual([])
    expect(slow.last).toBeLessThan((sends * RECORDS) / 2)
  })

  ;(canMeasureMemory ? it : it.skip)('costs the server a bounded amount of memory', () => {
    expect(growth).toBeLessThan(16 * MiB)
  })

  it('gets everything exactly once when it reads on', async () => {
    slow.resume()
    await until('the slow reader has all', () => slow.last === sends * RECORDS)
    expect(slow.faults).toEqual([])
  })
})

describe('a reader on a bad line', () => {
  let server: Server
  let client: Client

  beforeAll(async () => {
    server = await Server.start()
    client = new Client(server.url)
  })

  it('gets everything exactly once though it stops in the middle of chunks again and again', async () => {
    await client.start('halting', { processor: 'identity' })
    const reader = new ResultCounter(resultsOf(server, 'halting'), { stopEveryBytes: 7_777 })
    for (let sent = 0; sent < 5; sent++) await client.ndjson('halting', body)
    await until('the reader has all', () => reader.last === 5 * RECORDS)
    expect(reader.faults).toEqual([])
  })

  it('resumes exactly wherever in the text it was cut', async () => {
    const sent = Array.from({ length: 40 }, (_, index) => `record ${index}`)
    await client.start('cut', { processor: 'identity' })
    await client.ndjson('cut', sent)
    const readers = Array.from({ length: 60 }, (_, index) => {
      const reader = new SseReader(resultsOf(server, 'cut'), { reconnectMs: 1 })
      // From within the first block on, through many results, at every place of a line.
      reader.cut(1 + index * 37)
      return reader
    })
    await client.end('cut')
    await Promise.all(readers.map(({ stopped }) => stopped))
    for (const { events, connections } of readers) {
      const results = events.filter(({ event }) => event === 'message')
      expect(connections).toHaveLength(2)
      expect(results.map(({ data }) => (JSON.parse(data) as { data: unknown }).data)).toEqual(sent)
    }
  })
})
