import { Client } from '../support/client.js'
import { describeOnKafka } from '../support/describe-on-kafka.js'
import { kafkaEnv } from '../support/engine-env.js'
import { announcedSeed, seeded } from '../support/random.js'
import { Server } from '../support/server.js'
import { firstResults, startStream } from '../support/streams.js'
import { until } from '../support/until.js'
import {
  asTrial,
  inBatches,
  isTaken,
  readings,
  uninterrupted,
  windowOptions,
  type Reading,
} from '../support/window-run.js'

const STREAMS = 6

describeOnKafka('windows of streams whose owner is killed', () => {
  it('are those of one uninterrupted run: another replica goes on with the state', async () => {
    const random = seeded(announcedSeed('kafka/windows.spec'))
    const options = windowOptions({ kind: 'tumbling', size_ms: 1_000 })
    const env = kafkaEnv()
    const [first, second] = [await Server.start({ env }), await Server.start({ env })]
    const [killed, client] = [new Client(first.url), new Client(second.url)]

    /** One after the other; by the replica that is going to be killed as long as it answers. */
    const sendAll = async (id: string, batches: ReadonlyMap<number, readonly Reading[]>): Promise<void> => {
      for (const [index, batch] of batches) {
        const by = (replica: Client): Promise<boolean> => isTaken(replica, id, batch, `batch-${index}`)
        if (index % 2 === 0 && (await by(killed))) continue
        await until(`batch ${index} of ${id} is acked`, () => by(client), 60_000)
      }
    }
    const streams = await Promise.all(
      Array.from({ length: STREAMS }, async () => {
        const values = readings(150, random)
        const id = await startStream(client, { processor: 'window', processor_options: options })
        return { id, values, batches: inBatches(values, random) }
      }),
    )
    // Both own some of the partitions; those of the killed one have windows that are open.
    await Promise.all(streams.map(({ id, batches }) => sendAll(id, new Map([...batches.entries()].slice(0, 4)))))
    const rest = streams.map(({ id, batches }) => sendAll(id, new Map([...batches.entries()].slice(4))))
    await first.kill('SIGKILL')
    await Promise.all(rest)
    for (const { id, values } of streams) {
      await client.end(id)
      const expected = uninterrupted(options, values)
      expect(asTrial(await firstResults(client, id, expected.length))).toEqual(expected)
    }
  }, 180_000)
})
