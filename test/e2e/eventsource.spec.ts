import { EventSource } from 'eventsource'

import { afterTests } from '../support/clean-up.js'
import { Client } from '../support/client.js'
import { Server } from '../support/server.js'
import { SseReader } from '../support/sse-reader.js'
import { firstResults } from '../support/streams.js'
import { until } from '../support/until.js'
import { Wire } from '../support/wire.js'

interface Heard {
  readonly source: EventSource
  /** What `onmessage` got, in order: the results' data. */
  readonly data: unknown[]
  /** Named events, in order. */
  readonly names: string[]
}

/** The npm package as it comes: nothing is done for it. */
function listen(url: string): Heard {
  const source = new EventSource(url)
  const heard: Heard = { source, data: [], names: [] }
  source.onmessage = ({ data }) => heard.data.push((JSON.parse(String(data)) as { data: unknown }).data)
  for (const name of ['end', 'timeout', 'reset']) source.addEventListener(name, () => heard.names.push(name))
  afterTests(() => source.close())
  return heard
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('a plain EventSource client', () => {
  let server: Server
  let client: Client

  beforeAll(async () => {
    server = await Server.start({ env: { RECONNECT_MS: '100' } })
    client = new Client(server.url)
  })

  it('reads on after the server was killed and started again, with no gap and no repeat', async () => {
    await client.start('killed')
    await client.ndjson('killed', numbers(1, 50))
    const { data } = listen(`${server.url}/stream/killed/results`)
    await until('the first results are there', () => data.length === 50)
    await server.kill()
    await server.restart()
    await client.ndjson('killed', numbers(51, 100))
    await until('the last result is there', () => data.includes(100))
    expect(data).toEqual(numbers(1, 100))
  })

  it('stops for ever once it has seen the end', async () => {
    await client.start('ended')
    await client.send('ended', 1)
    const { source, names } = listen(`${server.url}/stream/ended/results`)
    await client.end('ended')
    await until('the client has given up', () => source.readyState === source.CLOSED)
    expect(names).toEqual(['end'])
  })

  // The standard's way, that browsers and `eventsource` from 5 on go: 4, which still runs on Node 20, forgets an id without data.
  it('that starts at the latest misses nothing sent while it was cut off, though it had no event before', async () => {
    const wire = await Wire.to(server.port)
    await client.start('latest')
    await client.ndjson('latest', numbers(1, 10))
    await firstResults(client, 'latest', 10)
    const { events } = new SseReader(`${wire.url}/stream/latest/results?from=latest`, { reconnectMs: 10 })
    await wire.hasPassed('\nid: ')
    wire.cut()
    await client.ndjson('latest', numbers(11, 20))
    wire.mend()
    await until('the last result is there', () => events.length >= 10)
    expect(events.map(({ data }) => (JSON.parse(data) as { data: unknown }).data)).toEqual(numbers(11, 20))
  })
})
