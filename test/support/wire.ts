import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

import { afterTests } from './clean-up.js'
import { until } from './until.js'

/** A network between clients and a server, that a test can cut: what passes is passed on as it is. */
export class Wire {
  /** The text that went to the clients since the last cut. */
  passed = ''
  private isDown = false
  private readonly sockets = new Set<Socket>()

  private constructor(
    readonly url: string,
    private readonly serverPort: number,
  ) {}

  static async to(serverPort: number): Promise<Wire> {
    const listener = createServer()
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as AddressInfo
    const wire = new Wire(`http://127.0.0.1:${port}`, serverPort)
    listener.on('connection', (client) => wire.join(client))
    afterTests(() => {
      wire.cut()
      listener.close()
    })
    return wire
  }

  /** Ends all connections and lets none through until `mend`. */
  cut(): void {
    this.isDown = true
    for (const socket of this.sockets) socket.end()
    this.passed = ''
  }

  mend(): void {
    this.isDown = false
  }

  /** Waits until the clients were sent this text. */
  async hasPassed(text: string): Promise<void> {
    await until(`${text} has passed`, () => this.passed.includes(text))
  }

  private join(client: Socket): void {
    const server = this.isDown ? undefined : connect(this.serverPort, '127.0.0.1')
    if (server === undefined) {
      client.destroy()
      return
    }
    server.on('data', (chunk: Buffer) => (this.passed += chunk.toString()))
    client.pipe(server)
    server.pipe(client)
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.sockets.add(socket)
      socket.on('error', () => undefined) // As with any cut: `close` follows.
      socket.on('close', () => {
        this.sockets.delete(socket)
        other.destroy()
      })
    }
  }
}
