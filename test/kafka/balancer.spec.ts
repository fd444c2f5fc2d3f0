import { randomUUID } from 'node:crypto'

import { ERRORS } from '#libs/contract'
import type { ErrorCode } from '#libs/contract'

import { Balancer } from '../support/balancer.js'
import { check } from '../support/checker.js'
import { Client } from '../support/client.js'
import { expectError } from '../support/expect-error.js'
import { History } from '../support/history.js'
import type { Outcome, StreamHistory } from '../support/history.js'
import { kafkaBrokers } from '../support/kafka-brokers.js'
import { Server } from '../support/server.js'
import { SseReader } from '../support/sse-reader.js'
import { opened, readResults, startStream, valuesOf } from '../support/streams.js'
import { until } from '../support/until.js'

// The partitions of a replica that was killed go on elsewhere within 15 s, on a machine that is not busy.
const takeOverLimitMs = 40_000
const isHere = kafkaBrokers().length > 0 && Balancer.isHere('test/kafka/balancer')

;(isHere ? describe : describe.skip)('two replicas behind HAProxy', () => {
  let replicas: readonly [Server, Server]
  let balancer: Balancer
  let client: Client

  beforeAll(async () => {
    const env = {
      ENGINE: 'kafka',
      KAFKA_BROKERS: kafkaBrokers().join(),
      KAFKA_PREFIX: `balancer-${randomUUID()}`,
      KAFKA_PARTITIONS: '3',
      CLOSING_GRACE_MS: '100',
    }
    replicas = await Promise.all([Server.start({ env }), Server.start({ env })])
    balancer = await Balancer.start([replicas[0].port, replicas[1].port])
    client = new Client(balancer.url)
  }, 60_000)

  it('bring each event while its connection stays open', async () => {
    const id = await startStream(client)
    const reader = await opened(readResults(client, id))
    for (let count = 1; count <= 20; count++) {
      expect((await client.send(id, `value ${count}`)).status).toBe(200)
      await until(`event ${count} is there`, () => reader.events.length === count)
    }
    expect(valuesOf(reader)).toEqual(Array.from({ length: 20 }, (_, index) => `VALUE ${index + 1}`))
    expect([reader.connections.length, reader.stop]).toEqual([1, undefined])
  })

  it('share calls and readers, of one stream too', async () => {
    const id = await startStream(client)
    const readers = [readResults(client, id), readResults(client, id)]
    await Promise.all(readers.map(opened))
    for (let count = 1; count <= 10; count++) await client.send(id, count)
    await until('both have it all', () => readers.every(({ events }) => events.length === 10))
    for (const reader of readers) reader.close()
    // A request is in the log when it is over.
    const path = `/stream/${id}/`
    await until('both replicas had a reader and calls', () =>
      ['event_streams/replica-1', 'event_streams/replica-2', 'calls/replica-1', 'calls/replica-2'].every(
        (server) => balancer.served(server, path) > 0,
      ),
    )
  })

  it('answer themselves what they refuse', async () => {
    expectError(await client.send('nowhere', 1), 'stream_not_found')
    const headers = { 'x-large': 'x'.repeat(20_000) }
    expectError(await client.call('GET', '/streams', { headers }), 'headers_too_large')
  })

  it('lose nothing that was acked when one is killed under load; readers go on without gap or repeat', async () => {
    const history = new History()
    const load = await Promise.all([1, 2, 3, 4].map(() => Load.begin(balancer.url, history)))
    await until('sends are acked', () => history.acked >= 100)
    const killed = replicas[0].kill()
    const before = history.acked
    await killed
    await until('sends are acked by the one that is left', () => history.acked >= before + 200, takeOverLimitMs)
    await Promise.all(load.map((stream) => stream.finish()))
    expect(check(history)).toEqual([])
    expect(load.flatMap(({ readers }) => readers).filter(({ connections }) => connections.length > 1)).not.toEqual([])

    const id = await startStream(client)
    for (let count = 1; count <= 10; count++) expect((await client.send(id, count)).status).toBe(200)
    await until('all are in the log', () => balancer.served('calls/replica-2', `/stream/${id}/send`) === 10)
  }, 120_000)
})

/** One stream with a client that sends under keys until it knows, one that sends once and for all, and two readers. */
class Load {
  readonly readers: readonly SseReader[]
  private readonly client: Client
  private readonly sending: Promise<unknown>
  private isOver = false

  private constructor(
    url: string,
    private readonly history: History,
    private readonly stream: StreamHistory,
  ) {
    this.client = new Client(url)
    this.readers = [1, 2].map(() => new SseReader(`${url}/stream/${stream.id}/results`))
    stream.readers.push(...this.readers.map(({ events }, index) => ({ name: `reader ${index}`, events })))
    this.sending = Promise.all([this.send('keyed'), this.send('single')])
  }

  static async begin(url: string, history: History): Promise<Load> {
    const { body } = await new Client(url).start()
    return new Load(url, history, history.open(String(body.stream_id), String(body.incarnation)))
  }

  /** No more sends; ends the stream, and waits until all readers were told. */
  async finish(): Promise<void> {
    this.isOver = true
    await this.sending
    this.stream.isEnded = true
    const end = async (): Promise<boolean> => (await this.attempt(this.client.end(this.stream.id))) === 'acked'
    await until('the stream is ended', end, takeOverLimitMs)
    await Promise.all(this.readers.map(({ stopped }) => stopped))
  }

  private async send(name: 'keyed' | 'single'): Promise<void> {
    for (let count = 0; !this.isOver; count++) {
      const value = `${this.stream.id}/${name}/${count}`
      const headers = name === 'keyed' ? { 'idempotency-key': value } : {}
      const send = this.history.invoke(this.stream, name, [value.toUpperCase()])
      const attempt = (): Promise<Exclude<Outcome, 'pending'>> =>
        this.attempt(this.client.send(this.stream.id, value, headers))
      if (name === 'keyed') await until(`${value} is acked`, async () => (await attempt()) === 'acked', takeOverLimitMs)
      this.history.settle(send, name === 'keyed' ? 'acked' : await attempt())
    }
  }

  /** What a client can know; a reply that is not of the table's is noted. */
  private async attempt(call: ReturnType<Client['send']>): Promise<Exclude<Outcome, 'pending'>> {
    try {
      const { status, body, text } = await call
      if (status === 200) return 'acked'
      const row = ERRORS[body.code as ErrorCode] as (typeof ERRORS)[ErrorCode] | undefined
      if (row?.status !== status || !row.retry) this.history.anomalies.push(`${status} ${text}`)
      return row?.outcome === 'nothing-happened' ? 'refused' : 'unknown'
    } catch {
      return 'unknown' // The balancer hung up, as the replica did.
    }
  }
}
