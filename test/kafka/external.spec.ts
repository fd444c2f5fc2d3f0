import { decodeAnswer } from '../../src/kafka/external-wire.js'
import { Client } from '../support/client.js'
import { describeOnKafka } from '../support/describe-on-kafka.js'
import { kafkaEnv } from '../support/engine-env.js'
import { ExternalJob, itWithPython } from '../support/external-job.js'
import { request } from '../support/http.js'
import { extentsOf, openBroker, take } from '../support/kafkajs-broker.js'
import { announcedSeed, seeded, type Random } from '../support/random.js'
import { Server } from '../support/server.js'
import { firstResults, startStream, type Result } from '../support/streams.js'
import { until } from '../support/until.js'

const STREAMS = 6
const BATCHES = 12
const PARTITIONS = 3

interface Value {
  readonly n: number
  readonly fail?: true
}

interface Sent {
  readonly id: string
  readonly times: number
  readonly batches: readonly (readonly Value[])[]
}

function batchesOf(random: Random): Value[][] {
  let n = 0
  const value = (): Value => ({ n: n++, ...(random.chance(0.05) && { fail: true as const }) })
  return Array.from({ length: BATCHES }, () => Array.from({ length: random.int(1, 20) }, value))
}

/** What the job makes of a stream, if every record is processed once and in order. */
const expectedOf = ({ batches, times }: Sent): unknown[] =>
  batches
    .flat()
    .flatMap(({ n, fail }): unknown[] =>
      fail ? ['told_to_fail'] : Array.from({ length: times }, () => ({ by: 'python', value: { n } })),
    )

const plain = ({ status, data, code }: Result): unknown => (status === 'success' ? data : code)

/** All messages of a log, partition by partition. */
async function messagesOf(prefix: string, log: 'work' | 'done'): Promise<readonly (readonly string[])[]> {
  const broker = await openBroker({ prefix, partitions: PARTITIONS, isExternal: true, maxMessageBytes: 1 })
  const done = new AbortController()
  const extents = await extentsOf(broker, log)
  const texts = extents.map(async ({ oldest, end }, partition) => {
    const messages = await take(broker.read(log, partition, oldest, done.signal)[Symbol.asyncIterator](), end - oldest)
    return messages.map(({ text }) => text)
  })
  const all = await Promise.all(texts)
  done.abort()
  return all
}

describeOnKafka('records that a job in Python processes', () => {
  itWithPython(
    'give each its results once and in order, whether the job is killed or the owner, and whoever answers twice',
    async () => {
      const random = seeded(announcedSeed('kafka/external.spec'))
      const topics = kafkaEnv()
      const prefix = String(topics.KAFKA_PREFIX)
      const env = { ...topics, PROCESSING: 'external', VERDICT_TIMEOUT_MS: '2000' }
      const [first, second] = [await Server.start({ env }), await Server.start({ env })]
      const [killed, client] = [new Client(first.url), new Client(second.url)]
      let job = await ExternalJob.start(prefix)

      /** By the replica that is going to be killed as long as it answers; under one key it is one send, however often it is tried. */
      const send = async ({ id, batches }: Sent, from: number, to: number): Promise<void> => {
        for (const [index, batch] of [...batches.entries()].slice(from, to)) {
          const by = (replica: Client): Promise<boolean> =>
            replica.ndjson(id, batch, { 'idempotency-key': `batch-${index}` }).then(
              ({ status }) => status === 200,
              () => false,
            )
          if (index % 2 === 0 && (await by(killed))) continue
          await until(`batch ${index} of ${id} is acked`, () => by(client), 90_000)
        }
      }
      const sendAll = (streams: readonly Sent[], from: number, to: number): Promise<unknown> =>
        Promise.all(streams.map((stream) => send(stream, from, to)))

      const streams = await Promise.all(
        Array.from({ length: STREAMS }, async (): Promise<Sent> => {
          const times = random.int(0, 2)
          const id = await startStream(client, { processor: 'any-name', processor_options: { times } })
          return { id, times, batches: batchesOf(random) }
        }),
      )
      expect((await client.call('GET', '/processors')).body).toMatchObject({ processing: 'external', processors: [] })
      await sendAll(streams, 0, 4)

      // Work is out and nobody answers it: whoever takes the partitions over writes it again, behind the first.
      await job.kill()
      const rest = sendAll(streams, 4, 8)
      await until('work waits', async () =>
        (await Promise.all(streams.map(({ id }) => client.describe(id)))).every(({ body }) => Number(body.lag) > 0),
      )
      await first.kill('SIGKILL')
      await until(
        'the replica says what it waits for, and takes requests',
        async () => {
          const { status, body } = await request(`${second.url}/health/ready`)
          return (
            status === 200 && String(body.message).startsWith('ready, but external processing has not answered for')
          )
        },
        60_000,
      )
      job = await ExternalJob.start(prefix)
      await rest

      // In the middle of its work, this time.
      const last = sendAll(streams, 8, BATCHES)
      await until('the job is at work', async () => (await messagesOf(prefix, 'done')).flat().length > 0)
      await job.kill()
      await ExternalJob.start(prefix)
      await last

      for (const stream of streams) {
        const expected = expectedOf(stream)
        await client.end(stream.id)
        await until(
          'the stream has ended',
          async () => (await client.describe(stream.id)).body.stream_status === 'ended',
          30_000,
        )
        expect((await firstResults(client, stream.id, expected.length)).map(plain)).toEqual(expected)
        expect((await client.describe(stream.id)).body.latest).toBe(expected.length)
      }
      // What was promised was put to the test: work was written twice, and answered twice.
      for (const log of ['work', 'done'] as const) {
        const names = (await messagesOf(prefix, log)).flatMap((texts, partition) =>
          texts.map((text) => {
            const { offset, index } = decodeAnswer(text) ?? {}
            return `${partition}/${offset}/${index}`
          }),
        )
        expect(names.length).toBeGreaterThan(new Set(names).size)
      }
    },
    240_000,
  )
})
