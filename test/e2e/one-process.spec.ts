import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { encodeHeader } from '../../src/view/rows.js'
import { Store } from '../../src/view/store.js'
import { Client } from '../support/client.js'
import { request } from '../support/http.js'
import { Server } from '../support/server.js'
import { resultsSoFar, startStream } from '../support/streams.js'
import { temporaryFolder } from '../support/temp-folder.js'
import { until } from '../support/until.js'

const lockOf = ({ dataDir }: Server): string => join(dataDir, 'millrace.lock')

/** A store with so many streams that reading them at start takes a while, in which a process that is still there may write. */
async function wideStore(streams: number): Promise<string> {
  const dataDir = join(await temporaryFolder(), 'data')
  const store = new Store(join(dataDir, 'store'))
  const table = store.table('streams')
  const settings = { processor: 'uppercase', options: {}, idleTimeoutMs: 6e5, retentionMs: 6e5, labels: {} }
  store.transactNow(() => {
    for (let index = 0; index < streams; index++) {
      const [id, incarnation] = [`wide-${index}`, index.toString(16).padStart(16, '0')]
      const since = { status: 'open', startedAt: Date.now(), activeAt: Date.now() } as const
      const done = { lastSeq: 0, lastInput: { offset: 0, records: 0 }, retries: { oldest: 0, next: 0 } }
      table.putSync(Buffer.from(id), encodeHeader({ id, incarnation, settings, ...since, ...done }))
    }
  })
  await store.close()
  return dataDir
}

/** Sends to one stream, one record after the other, until told to stop or cut off. */
class Sender {
  readonly acked: string[] = []
  /** Nobody can say whether they are in the log. */
  readonly unknown: string[] = []
  readonly codes = new Set<unknown>()
  stopped = false

  constructor(
    private readonly client: Client,
    private readonly id: string,
    private readonly name: string,
  ) {}

  async run(): Promise<void> {
    for (let count = 0; !this.stopped; count++) {
      const value = `${this.name}${count}`
      const reply = await this.client.send(this.id, value).catch(() => undefined)
      if (reply?.status === 200) this.acked.push(value)
      else if (reply === undefined || reply.status === 504) this.unknown.push(value)
      this.codes.add(reply?.body.code)
      if (reply === undefined) return
    }
  }
}

describe('a second process on one DATA_DIR', () => {
  it('is refused in words that name the first, which goes on undisturbed', async () => {
    const first = await Server.start()
    const id = await startStream(new Client(first.url))
    const second = await Server.prepare({ dataDir: first.dataDir })
    second.launch()
    expect(await second.exited).toEqual({ code: 1, signal: null })
    const message = `millrace: DATA_DIR is in use by process ${first.pid}. Stop that process first, or give this one another DATA_DIR.`
    expect(second.output.split('\n')).toContain(message)
    expect(JSON.parse(readFileSync(lockOf(first), 'utf8'))).toMatchObject({ pid: first.pid })
    expect((await new Client(first.url).send(id, 'x')).status).toBe(200)
    await first.kill('SIGTERM')
    expect(existsSync(lockOf(first))).toBe(false)
  }, 60_000)

  it('that gets in all the same takes the store over: the older one stops, and no record is lost or doubled', async () => {
    const older = await Server.start({ dataDir: await wideStore(30_000) })
    const id = await startStream(new Client(older.url))
    const before = new Sender(new Client(older.url), id, 'BEFORE')
    const sends = before.run()
    await until('the older one is at work', () => before.acked.length >= 20)
    // Processes in two containers see the lock, but not each other.
    const elsewhere = { ...(JSON.parse(readFileSync(lockOf(older), 'utf8')) as object), host: 'elsewhere' }
    writeFileSync(lockOf(older), JSON.stringify(elsewhere))
    const newer = await Server.start({ dataDir: older.dataDir })
    expect(await older.exited).toEqual({ code: 0, signal: null })
    await sends
    expect(older.output).toContain('another process has taken DATA_DIR over')
    expect([...before.codes]).toEqual(expect.arrayContaining(['log_unavailable']))

    // The lock is the newer one's, and stays when the older one lets go of its own.
    expect(JSON.parse(readFileSync(lockOf(newer), 'utf8'))).toMatchObject({ pid: newer.pid })
    expect((await request(`${newer.url}/health/ready`)).status).toBe(200)
    const client = new Client(newer.url)
    const after = ['AFTER 1', 'AFTER 2']
    for (const value of after) expect((await client.send(id, value)).status).toBe(200)
    const results = (await resultsSoFar(client, id)).map(String)
    expect(new Set(results).size).toBe(results.length)
    expect(results.filter((value) => !before.unknown.includes(value))).toEqual([...before.acked, ...after])
  }, 60_000)
})
