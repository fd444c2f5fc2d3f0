import { randomUUID } from 'node:crypto'

import { Client } from '../support/client.js'
import { describeOnKafka } from '../support/describe-on-kafka.js'
import { kafkaEnv } from '../support/engine-env.js'
import { expectError } from '../support/expect-error.js'
import { Server } from '../support/server.js'
import { idsIn, loggedPatches } from '../support/shared-partition.js'
import type { SseReader } from '../support/sse-reader.js'
import { opened, readResults, startAnew } from '../support/streams.js'
import { until } from '../support/until.js'

const partitions = 3
const shared = 1
const rounds = 8

// Larger than a commit may be: its result is an error, at its place.
const prefix = `isolation-${randomUUID()}`
const env = {
  ...kafkaEnv(),
  KAFKA_PREFIX: prefix,
  KAFKA_PARTITIONS: String(partitions),
  MAX_COMMIT_BYTES: String(64 * 1024),
}
const tooLarge = 'x'.repeat(70_000)

/** A stream whose every value says whose it is, with readers from the start: one that stays, one that comes back after every result. */
class Tenant {
  readonly expected: unknown[] = []
  private readers: readonly SseReader[] = []
  private life = 0

  constructor(
    readonly client: Client,
    readonly id: string,
  ) {}

  async begin(): Promise<void> {
    this.life++
    this.expected.length = 0
    expect((await startAnew(this.client, this.id)).status).toBe(200)
    this.readers = [readResults(this.client, this.id), readResults(this.client, this.id, { restless: true })]
    await Promise.all(this.readers.map(opened))
  }

  /** Sends of every kind, under names that the other streams use too. */
  async send(round: number): Promise<void> {
    const { client, id } = this
    const values = ['single', 'line 1', 'line 2', 'keyed', 'produced'].map((kind) => this.value(round, kind))
    const [single, first, second, keyed, produced] = values
    const key = { 'idempotency-key': `key-${this.life}-${round}` }
    const producer = { 'producer-id': `p-${this.life}`, 'producer-epoch': '0', 'producer-seq': String(round) }
    expect((await client.send(id, single)).body).toEqual(this.accepted(1))
    expect((await client.ndjson(id, [first, second])).body).toEqual(this.accepted(2))
    expect((await client.send(id, keyed, key)).body).toEqual(this.accepted(1))
    expect((await client.send(id, keyed, key)).body).toEqual({ ...this.accepted(1), duplicate: true })
    expect((await client.send(id, produced, producer)).body).toEqual(this.accepted(1))
    this.expected.push(...values.map((value) => value.toUpperCase()))
    if (round % 5 === 2) await this.sendBad(round)
  }

  async end(): Promise<void> {
    expect((await this.client.end(this.id)).status).toBe(200)
    expect(await Promise.all(this.readers.map(({ stopped }) => stopped))).toEqual(['end', 'end'])
  }

  /** Checks every reader, and a page: each has this stream's results, all of them, in order and nothing else. */
  async check(): Promise<void> {
    const count = this.expected.length
    await until(`${this.id} is read`, () => this.readers.every((reader) => seenBy(reader).length >= count))
    const { body } = await this.client.page(this.id, { limit: '1000' })
    const page = body.results as readonly Result[]
    expect([...this.readers.map(seenBy), page.map(resultOf)]).toEqual(Array(3).fill(this.expected))
  }

  /** One record whose result is an error, and requests that are refused as a whole. */
  private async sendBad(round: number): Promise<void> {
    const { client, id } = this
    expect((await client.send(id, tooLarge)).status).toBe(200)
    this.expected.push('result_too_large')
    const headers = { 'content-type': 'application/x-ndjson' }
    const body = `${JSON.stringify(this.value(round, 'refused'))}\n{\n`
    expectError(await client.call('POST', `/stream/${id}/send`, { headers, body }), 'invalid_json', { line: 2 })
    const producer = { 'producer-id': `p-${this.life}`, 'producer-epoch': '0', 'producer-seq': String(round + 2) }
    expectError(await client.send(id, 'gap', producer), 'producer_gap', { expected: round + 1 })
  }

  private accepted(accepted: number): Readonly<Record<string, unknown>> {
    return { status: 'success', message: `Data sent to stream ${this.id}!`, accepted }
  }

  private value(round: number, kind: string): string {
    return `${this.id} life ${this.life} round ${round} ${kind}`
  }
}

interface Result {
  readonly data?: unknown
  readonly code?: unknown
}

const resultOf = ({ data, code }: Result): unknown => data ?? code

function seenBy({ events }: SseReader): readonly unknown[] {
  return events.filter(({ event }) => event === 'message').map(({ data }) => resultOf(JSON.parse(data) as Result))
}

describeOnKafka('streams of one partition', () => {
  it('never see each other: not by sends of any kind, errors, retries, ends or restarts', async () => {
    const server = await Server.start({ env })
    const client = new Client(server.url)
    const ids = idsIn(shared, partitions, 3)
    const tenants = ids.map((id) => new Tenant(client, id))
    const [restarted, ...steady] = tenants
    await Promise.all(tenants.map((tenant) => tenant.begin()))
    const sendAll = async (tenant: Tenant): Promise<void> => {
      for (let round = 0; round < rounds; round++) await tenant.send(round)
    }
    const live = async (tenant: Tenant): Promise<void> => {
      for (let life = 1; life <= 3; life++) {
        if (life > 1) await tenant.begin()
        await sendAll(tenant)
        await tenant.end()
        await tenant.check()
      }
    }
    await Promise.all([...steady.map(sendAll), ...(restarted === undefined ? [] : [live(restarted)])])
    await Promise.all(tenants.map((tenant) => tenant.check()))

    const logs = await loggedPatches(prefix, partitions)
    expect(logs.map((log) => [...new Set(log.map(({ stream }) => stream))].sort())).toEqual(
      logs.map((_, partition) => (partition === shared ? [...ids].sort() : [])),
    )
    const patches = logs[shared] ?? []
    const together = patches.filter(({ offset }, index) => patches[index - 1]?.offset === offset)
    // They do not only share a log: commits hold results of several.
    expect(together.filter(({ lines }) => lines.length > 0)).not.toEqual([])
  }, 180_000)
})
