import { Client } from './client.js'
import { Server } from './server.js'
import type { ServerOptions } from './server.js'

// A start takes long on a machine that is busy with other tests.
const startLimitMs = 60_000

export interface Stage {
  readonly server: Server
  readonly client: Client
}

/** One server for all tests of a file, on a store of its own. Tests stay apart by using streams of their own. */
export function useServer(options: ServerOptions = {}): Stage {
  let server: Server | undefined
  let client: Client | undefined
  beforeAll(async () => {
    server = await Server.prepare(options)
    server.launch()
    await server.ready(startLimitMs)
    client = new Client(server.url)
  }, startLimitMs)
  return {
    get server() {
      return present(server)
    },
    get client() {
      return present(client)
    },
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the server is there only while tests run')
  return value
}
