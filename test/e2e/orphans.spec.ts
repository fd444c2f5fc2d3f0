import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { childrenOf, isRunning } from '../support/child-processes.js'
import { Client } from '../support/client.js'
import { Server } from '../support/server.js'
import { firstResults, startStream } from '../support/streams.js'
import { until } from '../support/until.js'

// It does nothing that ends by itself: what is left behind would be there for ever.
const code = `import { existsSync, writeFileSync } from 'node:fs'
function hang() {
  writeFileSync('stuck', '')
  for (;;);
}
if (existsSync('hang')) hang()
export class Hanging {
  static processor = { name: 'hanging' }
  process({ value }) { return value === 'hang' ? hang() : value === 'exit' ? process.exit(0) : [value] }
}`

/** A server with a worker process that has done something. */
async function serverWithWorker(timeoutMs: number): Promise<{ server: Server; client: Client; id: string }> {
  const env = { PROCESSORS: 'hanging.mjs', PROCESSOR_TIMEOUT_MS: String(timeoutMs) }
  const server = await Server.prepare({ env })
  await writeFile(join(server.workFolder, 'hanging.mjs'), code)
  await server.restart()
  const client = new Client(server.url)
  const id = await startStream(client, { processor: 'hanging' })
  await client.send(id, 'fine')
  await firstResults(client, id, 1)
  return { server, client, id }
}

const isStuck = ({ workFolder }: Server): boolean => existsSync(join(workFolder, 'stuck'))

const itOnLinux = process.platform === 'linux' ? it : it.skip

describe('a SIGKILL of the server leaves no process behind', () => {
  const LONG_MS = 600_000

  async function kill(server: Server): Promise<void> {
    const workers = childrenOf(server.pid)
    expect(workers.filter(isRunning)).not.toEqual([])
    await server.kill()
    await until('no worker process is there', () => !workers.some(isRunning))
  }

  itOnLinux('that has nothing to do', async () => {
    const { server } = await serverWithWorker(LONG_MS)
    await kill(server)
  })

  itOnLinux('that is stuck in a record', async () => {
    const { server, client, id } = await serverWithWorker(LONG_MS)
    await client.send(id, 'hang')
    await until('it is stuck', () => isStuck(server))
    await kill(server)
  })

  itOnLinux('that is stuck in a file that it loads', async () => {
    const { server, client, id } = await serverWithWorker(LONG_MS)
    await writeFile(join(server.workFolder, 'hang'), '')
    // Another process is begun then.
    await client.send(id, 'exit')
    await until('it is stuck', () => isStuck(server))
    await kill(server)
  })
})
