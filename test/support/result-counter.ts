import { request } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'

import { afterTests } from './clean-up.js'
import { SseParser } from './sse-parser.js'

/** One connection that counts the results of a stream and keeps none, for more of them than memory should hold. */
export class ResultCounter {
  /** Number of the last result. */
  last = 0
  /** What was not the next result, the first few. */
  readonly faults: string[] = []
  bytes = 0
  private readonly connection: ClientRequest
  private response: IncomingMessage | undefined
  private isPaused = false

  /** @param stopEveryBytes how many bytes are taken before the client rests for a turn, in the middle of whatever that is */
  constructor(url: string, { stopEveryBytes = Infinity }: { stopEveryBytes?: number } = {}) {
    const parser = new SseParser('', {
      id: () => undefined,
      retry: () => undefined,
      comment: () => undefined,
      event: ({ id, event }) => this.count(id, event),
    })
    let rested = 0
    this.connection = request(url, { agent: false }, (response) => {
      this.response = response
      response.on('data', (chunk: Buffer) => {
        this.bytes += chunk.length
        parser.push(chunk)
        if (this.bytes - rested < stopEveryBytes) return
        rested = this.bytes
        response.pause()
        setImmediate(() => {
          if (!this.isPaused) response.resume()
        })
      })
      response.on('error', () => undefined) // It was cut: the test sees that nothing more is counted.
      if (this.isPaused) response.pause()
    })
    this.connection.on('error', () => undefined) // As above.
    this.connection.end()
    afterTests(() => this.close())
  }

  /** Takes nothing more from the socket, so that the server's writes pile up. */
  pause(): void {
    this.isPaused = true
    this.response?.pause()
  }

  resume(): void {
    this.isPaused = false
    this.response?.resume()
  }

  close(): void {
    this.connection.destroy()
  }

  private count(id: string, event: string): void {
    const seq = Number(id.slice(id.indexOf('-') + 1))
    if ((event !== 'message' || seq !== this.last + 1) && this.faults.length < 5)
      this.faults.push(`${event} ${id} after ${this.last}`)
    this.last = seq
  }
}
