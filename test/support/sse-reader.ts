import { request } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'

import { afterTests } from './clean-up.js'
import { SseParser } from './sse-parser.js'
import type { ParsedEvent } from './sse-parser.js'

export interface ReceivedEvent extends ParsedEvent {
  /** 1 for the events of the first connection. */
  readonly connection: number
}

export interface Connection {
  readonly number: number
  readonly sentLastEventId: string
  /** 0: there was no answer. */
  status: number
  headers: IncomingMessage['headers']
}

export interface SseReaderOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** What to do after `end` or `timeout`: stop there, or come back as EventSource does, until a 204. Default: stop. */
  readonly stopAt?: 'end' | '204'
  /** EventSource waits as long as the server's `retry:` says; tests do not. */
  readonly reconnectMs?: number
  /** Drops the connection at every result, takes nothing more of it, and comes back. */
  readonly restless?: boolean
}

/** Why a reader stopped for good: it saw the stream's end; a 204; a reply that ends an EventSource (4xx, no SSE); `close()`. */
export type Stop = 'end' | '204' | 'refused' | 'closed'

/** A client of one SSE URL, or of one that is asked for at each connection, that comes back with `Last-Event-ID` after every cut, and keeps all it received, in order. */
export class SseReader {
  readonly events: ReceivedEvent[] = []
  /** When each event came, in ms of the monotonic clock. */
  readonly receivedAt: number[] = []
  readonly connections: Connection[] = []
  readonly stopped: Promise<Stop>
  lastEventId = ''
  retryMs: number | undefined
  comments = 0
  stop: Stop | undefined

  private announceStop!: (stop: Stop) => void
  private current: ClientRequest | undefined
  private response: IncomingMessage | undefined
  private timer: NodeJS.Timeout | undefined
  private isPaused = false
  private bytesLeft = Infinity
  private isLeaving = false

  constructor(
    private readonly url: string | (() => string),
    private readonly options: SseReaderOptions = {},
  ) {
    this.stopped = new Promise((resolve) => (this.announceStop = resolve))
    afterTests(() => this.close())
    this.connect()
  }

  /** Stops taking bytes from the socket, until `resume`; so the server's writes pile up. */
  pause(): void {
    this.isPaused = true
    this.response?.pause()
  }

  resume(): void {
    this.isPaused = false
    this.response?.resume()
  }

  /** Drops the connection after `bytes` more bytes, wherever in a frame that is, and comes back. */
  cut(bytes = 0): void {
    this.bytesLeft = bytes
    if (bytes === 0) this.current?.destroy()
  }

  close(): void {
    this.finish('closed')
  }

  private connect(): void {
    const connection: Connection = {
      number: this.connections.length + 1,
      sentLastEventId: this.lastEventId,
      status: 0,
      headers: {},
    }
    this.connections.push(connection)
    this.bytesLeft = Infinity
    this.isLeaving = false
    const headers: Record<string, string> = { accept: 'text/event-stream', ...this.options.headers }
    if (this.lastEventId !== '') headers['last-event-id'] = this.lastEventId
    this.current = request(typeof this.url === 'string' ? this.url : this.url(), { headers, agent: false })
    this.current.on('response', (response) => this.read(response, connection))
    this.current.on('error', () => undefined) // Every error is followed by `close`.
    this.current.on('close', () => this.reconnect())
    this.current.end()
  }

  private read(response: IncomingMessage, connection: Connection): void {
    connection.status = response.statusCode ?? 0
    connection.headers = response.headers
    const isStream = (response.headers['content-type'] ?? '').startsWith('text/event-stream')
    if (connection.status === 200 && isStream) this.follow(response, connection.number)
    else if (connection.status === 204) this.finish('204')
    // A 5xx ends an EventSource too, but a server may give one while it starts or stops: like fetch clients, come back.
    else if (connection.status >= 500) this.current?.destroy()
    else this.finish('refused')
  }

  private follow(response: IncomingMessage, connection: number): void {
    const parser = this.parser(connection)
    this.response = response
    response.on('error', () => undefined) // As with the request's: `close` follows.
    response.on('data', (chunk: Buffer) => {
      const taken = chunk.subarray(0, this.bytesLeft)
      this.bytesLeft -= taken.length
      parser.push(taken)
      if (this.bytesLeft === 0) this.current?.destroy()
    })
    if (this.isPaused) response.pause()
  }

  private parser(connection: number): SseParser {
    return new SseParser(this.lastEventId, {
      id: (id) => {
        if (!this.stop && !this.isLeaving) this.lastEventId = id
      },
      retry: (retryMs) => {
        this.retryMs = retryMs
      },
      comment: () => {
        this.comments++
      },
      event: (event) => {
        if (this.stop || this.isLeaving) return
        this.events.push({ ...event, connection })
        this.receivedAt.push(performance.now())
        const isLast = event.event === 'end' || event.event === 'timeout'
        if (isLast && this.options.stopAt !== '204') this.finish('end')
        else if (this.options.restless === true) {
          this.isLeaving = true
          this.current?.destroy()
        }
      },
    })
  }

  private reconnect(): void {
    this.response = undefined
    if (this.stop) return
    this.timer = setTimeout(() => this.connect(), this.options.reconnectMs ?? 20)
  }

  private finish(stop: Stop): void {
    if (this.stop) return
    this.stop = stop
    clearTimeout(this.timer)
    this.current?.destroy()
    this.announceStop(stop)
  }
}
