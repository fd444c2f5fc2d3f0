import { Client } from '../support/client.js'
import { expectError } from '../support/expect-error.js'
import { fileSizeLimit, smallFileSystem } from '../support/full-disk.js'
import type { Disk } from '../support/full-disk.js'
import type { Reply } from '../support/http.js'
import { Server } from '../support/server.js'
import type { ServerOptions } from '../support/server.js'
import { opened, readResults, resultsSoFar, startStream, valuesOf } from '../support/streams.js'
import { until } from '../support/until.js'

const reserveBytes = 4 * 1024 * 1024
const roomBytes = reserveBytes + 120_000

/** A sender that knows which of its records were acked. */
class Sender {
  readonly acked: string[] = []
  private sends = 0

  constructor(
    private readonly client: Client,
    private readonly id: string,
  ) {}

  async send(chars = 10): Promise<Reply> {
    const value = `${++this.sends}${'X'.repeat(chars)}`
    const reply = await this.client.send(this.id, value)
    if (reply.status === 200) this.acked.push(value)
    return reply
  }

  /** Sends until one is refused. */
  async untilRefused(chars = 20_000): Promise<Reply> {
    return await until('a send is refused', async () => {
      const reply = await this.send(chars)
      return reply.status === 200 ? undefined : reply
    })
  }

  async untilAcked(): Promise<void> {
    await until('a send is acked', async () => (await this.send()).status === 200)
  }
}

interface Scene {
  readonly disk: Disk
  readonly server: Server
  readonly client: Client
  readonly id: string
  readonly sender: Sender
}

const settings = (disk: Disk, env: Readonly<Record<string, string>> = {}): ServerOptions => ({
  env: { DISK_RESERVE_BYTES: String(reserveBytes), MAX_BODY_BYTES: '8000000', ...env },
  dataDir: disk.dataDir,
})

/** A server that has worked, and was started again: what it says of a failure must not rest on what was before. */
async function scene(
  newDisk: () => Promise<Disk | undefined>,
  env: Readonly<Record<string, string>> = {},
): Promise<Scene | undefined> {
  const disk = await newDisk()
  if (disk === undefined) {
    process.stderr.write('full-disk.spec: skipped, this disk cannot be had here\n')
    return undefined
  }
  const server = await Server.start(settings(disk, env))
  const client = new Client(server.url)
  const id = await startStream(client)
  const sender = new Sender(client, id)
  for (let count = 0; count < 40; count++) await sender.send()
  await server.kill()
  await server.restart()
  return { disk, server, client, id, sender }
}

describe.each([
  ['a limit of the file size', fileSizeLimit, 'SIGKILL'],
  ['a full file system', smallFileSystem, 'SIGTERM'],
] as const)('with %s', (_name, newDisk, signal) => {
  it(`sends are refused, never falsely acked, and readers go on, until there is room; ${signal} while it is full loses nothing`, async () => {
    const there = await scene(newDisk)
    if (there === undefined) return
    const { disk, server, client, id, sender } = there
    const { pid } = server
    const reader = await opened(readResults(client, id))

    disk.fill(server, roomBytes)
    expectError(await sender.untilRefused(), 'storage_full')
    for (let count = 0; count < 5; count++) {
      const reply = await sender.send(20_000)
      if (reply.status !== 200) expectError(reply, 'storage_full')
    }
    await until('the reader has all that was acked', () => valuesOf(reader).length >= sender.acked.length)
    await opened(readResults(client, id))
    expect((await client.describe(id)).status).toBe(200)

    disk.free()
    await sender.untilAcked()
    expect(server.pid).toBe(pid)

    disk.fill(server, roomBytes)
    await sender.untilRefused()
    expect((await server.kill(signal)).code).toBe(signal === 'SIGTERM' ? 0 : null)
    disk.free()
    await server.restart()
    await sender.send()
    expect(await resultsSoFar(client, id)).toEqual(sender.acked)
    expect(valuesOf(reader).slice(0, sender.acked.length)).toEqual(sender.acked)
  }, 60_000)
})

describe('with a disk that the store itself fills', () => {
  it('streams can be ended and deleted meanwhile, and old results that are removed make room again', async () => {
    const there = await scene(smallFileSystem)
    if (there === undefined) return
    const { disk, server, client, id, sender } = there
    const other = await startStream(client)
    expectError(await sender.untilRefused(200_000), 'storage_full')
    expect((await client.end(other)).status).toBe(200)
    expect((await client.delete(other)).status).toBe(200)
    expect((await server.kill('SIGTERM')).code).toBe(0)

    // A retention that is shorter than the disk takes to fill, from the start, might never let it fill.
    const later = await Server.start(settings(disk, { RESULT_RETENTION_MS: '1000' }))
    const sameClient = new Client(later.url)
    await new Sender(sameClient, id).untilAcked()
    expect((await sameClient.end(id)).status).toBe(200)
  }, 60_000)

  it('nothing is acked that could not be processed', async () => {
    const there = await scene(smallFileSystem)
    if (there === undefined) return
    const { disk, server, client, id, sender } = there
    // More than the room above the reserve, and than the reserve.
    const records = Array.from({ length: 6 }, (_, n) => `${n}${'X'.repeat(900_000)}`)
    disk.fill(server, roomBytes)
    expectError(await client.ndjson(id, records), 'storage_full')
    disk.free()
    expect((await client.ndjson(id, records)).status).toBe(200)
    expect(await resultsSoFar(client, id)).toEqual([...sender.acked, ...records])
  }, 60_000)
})

describe('with a disk whose reserve is taken, too', () => {
  it('old results wait to be removed until there is room', async () => {
    const there = await scene(fileSizeLimit, { RESULT_RETENTION_MS: '1000' })
    if (there === undefined) return
    const { disk, server, client, id, sender } = there
    const { pid } = server
    disk.fill(server, 0)
    expectError(await sender.send(), 'storage_full')
    await until('a pass has failed', () => server.output.includes('retention pass failed'))
    disk.free()
    await until('old results are gone', async () => Number((await client.describe(id)).body.oldest) > 40)
    await sender.untilAcked()
    expect(server.pid).toBe(pid)
  }, 60_000)
})

describe('with a disk that LMDB itself finds full', () => {
  // The `lmdb` package may write past the end of a buffer then, which is the end of the process sooner or later: of no acked record, though.
  it('nothing is falsely acked, and nothing is lost', async () => {
    const there = await scene(fileSizeLimit, { DISK_RESERVE_BYTES: '0' })
    if (there === undefined) return
    const { disk, server, client, id, sender } = there
    const alive = (): Promise<boolean> =>
      sender.send(20_000).then(
        () => true,
        () => false,
      )
    disk.fill(server, 120_000)
    let refusals = 0
    await until('LMDB has refused some', async () => {
      const acked = sender.acked.length
      if (!(await alive())) return true
      if (sender.acked.length === acked) refusals++
      return refusals === 10
    })
    await server.kill()
    await server.restart()
    const results = new Set(await resultsSoFar(client, id))
    expect(sender.acked.filter((value) => !results.has(value))).toEqual([])
  }, 60_000)
})
