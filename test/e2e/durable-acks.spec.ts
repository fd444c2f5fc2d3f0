import { Client } from '../support/client.js'
import { mutant } from '../support/mutants.js'
import { Server } from '../support/server.js'
import type { ServerOptions } from '../support/server.js'
import { Strace } from '../support/strace.js'
import type { Syscall } from '../support/strace.js'
import { startStream } from '../support/streams.js'

const writes = ['pwrite64', 'pwritev', 'write', 'writev', 'sendto', 'sendmsg']
const sends = 5

/** What a server did, seen from the kernel, while it took `sends` sends, one after the other. */
async function traced(options: ServerOptions = {}): Promise<Syscall[] | undefined> {
  const server = await Server.start(options)
  const client = new Client(server.url)
  const id = await startStream(client)
  const trace = `trace=fdatasync,${writes.join(',')}`
  const strace = await Strace.attach(server.pid, '-y', '-s', '65536', '-e', trace)
  if (strace === undefined) {
    process.stderr.write('durable-acks.spec: skipped, strace cannot be used here\n')
    return undefined
  }
  for (let count = 0; count < sends; count++) expect((await client.send(id, nameOf(count))).status).toBe(200)
  return await strace.detach()
}

const nameOf = (count: number): string => `record-number-${count}`

/** How many sends were answered without a sync between the write of the record and that of the answer. */
function unsynced(calls: readonly Syscall[]): number {
  const answers = calls.filter(({ name, text }) => writes.includes(name) && text.includes('HTTP/1.1 200'))
  expect(answers).toHaveLength(sends)
  return answers.filter((answer, count) => {
    const record = calls.find(({ text }) => text.includes('data.mdb') && text.includes(nameOf(count)))
    return !calls.some(
      ({ name, text, result, from, to }) =>
        name === 'fdatasync' &&
        text.includes('data.mdb') &&
        result.startsWith('0') &&
        from > (record?.to ?? Infinity) &&
        to < answer.from,
    )
  }).length
}

describe('a send', () => {
  it('is answered when its record was written and then synced to the disk', async () => {
    const calls = await traced()
    if (calls !== undefined) expect(unsynced(calls)).toBe(0)
  }, 60_000)

  it('is seen to be answered too early where the server does not wait for the sync', async () => {
    const file = 'dist/src/view/store.js'
    const find = 'await this.unlessBroken(Promise.all([committed, this.flushed()]))'
    const replace = '[true]'
    const calls = await traced({ programFolder: await mutant([{ file, find, replace }]) })
    if (calls !== undefined) expect(unsynced(calls)).toBeGreaterThan(0)
  }, 60_000)
})
