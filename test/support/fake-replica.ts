import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'

import { afterTests } from './clean-up.js'
import { freePort } from './free-port.js'

/** What becomes of a request that has arrived in full. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void

/** A server that says it is ready and then does what a replica does only when it fails. */
export class FakeReplica {
  /** Requests that arrived in full, as `POST /path`, without those for its health. */
  readonly seen: string[] = []

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {
    afterTests(() => this.close())
  }

  static async start(behave: Behaviour): Promise<FakeReplica> {
    const server = createServer()
    const replica = new FakeReplica(server, await freePort())
    server.on('request', (request, response) => {
      if (request.url === '/health/ready') {
        response.end()
        return
      }
      request.resume().on('end', () => {
        replica.seen.push(`${request.method} ${request.url}`)
        behave(request, response)
      })
    })
    server.listen(replica.port, '127.0.0.1')
    await once(server, 'listening')
    return replica
  }

  /** Refuses connections from now on, and ends those there are. */
  async close(): Promise<void> {
    if (!this.server.listening) return
    const closed = once(this.server, 'close')
    this.server.close()
    this.server.closeAllConnections()
    await closed
  }
}
