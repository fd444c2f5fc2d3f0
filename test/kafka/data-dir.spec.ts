import { Client } from '../support/client.js'
import { describeOnKafka } from '../support/describe-on-kafka.js'
import { kafkaEnv } from '../support/engine-env.js'
import { request } from '../support/http.js'
import { Server } from '../support/server.js'
import { resultsSoFar, startStream } from '../support/streams.js'

type Env = Readonly<Record<string, string>>

/** The folder of a server that has been used and stopped, and a stream with one result in it. */
async function used(env: Env, sends = 1): Promise<{ dataDir: string; id: string }> {
  const server = await Server.start({ env })
  const client = new Client(server.url)
  const id = await startStream(client)
  for (let count = 0; count < sends; count++) await client.send(id, 'kept')
  await resultsSoFar(client, id)
  await server.kill('SIGTERM')
  return { dataDir: server.dataDir, id }
}

// They start three servers and more.
jest.setTimeout(180_000)

describeOnKafka('a DATA_DIR', () => {
  it('of one engine is refused with the other one, in words, and is as it was', async () => {
    const owners = [
      { engine: 'embedded', env: { ENGINE: 'embedded' } },
      { engine: 'kafka', env: kafkaEnv() },
    ]
    for (const [owner, other] of [owners, owners.toReversed()] as (typeof owners)[]) {
      const { dataDir, id } = await used(owner?.env ?? {})
      const wrong = await Server.prepare({ env: other?.env ?? {}, dataDir })
      wrong.launch()
      expect(await wrong.exited).toMatchObject({ code: 1 })
      expect(wrong.output).toContain(
        `millrace: The store in ${dataDir} is of ENGINE=${owner?.engine}, and ENGINE is ${other?.engine}. Nothing was changed. Set DATA_DIR to another folder.`,
      )
      const right = await Server.start({ env: owner?.env ?? {}, dataDir })
      expect((await resultsSoFar(new Client(right.url), id))[0]).toBe('KEPT')
      expect(right.output).not.toContain('anew')
    }
  })

  it('that is a view of other logs is set aside, and the view is made anew', async () => {
    const { dataDir, id } = await used({ ...kafkaEnv(), KAFKA_PARTITIONS: '1' })
    // Longer, so that there is something at the offsets that the view knows.
    const otherEnv = { ...kafkaEnv(), KAFKA_PARTITIONS: '1' }
    const other = await used(otherEnv, 20)
    const server = await Server.start({ env: otherEnv, dataDir })
    expect(server.output).toMatch(/The local view is made anew.*: it is of other logs\./)
    expect((await resultsSoFar(new Client(server.url), other.id))[0]).toBe('KEPT')
    expect((await request(`${server.url}/stream/${id}`)).status).toBe(404)
  })
})
