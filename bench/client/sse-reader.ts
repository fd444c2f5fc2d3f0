import { connect, type Socket } from 'node:net'

import { ChunkDecoder } from './chunk-decoder.js'

/** What a reader does with its events. `lines` is whole lines of the stream, each with its line feed; it is valid during the call only. */
export interface Sink {
  take(lines: Buffer): void
}

const lineFeed = 0x0a

/** One reader of a stream's results on a raw socket: it finds whole lines and leaves the rest to its sink. */
export class SseReader {
  /** Settles when the first bytes of the stream are here, or the server has refused. */
  readonly opened: Promise<void>
  problem: string | undefined
  private readonly socket: Socket
  private readonly chunks = new ChunkDecoder()
  private head = ''
  private inBody = false
  private rest: Buffer | undefined
  private onOpened: () => void = () => undefined
  private closedByUs = false

  /** @param query with its question mark, or empty */
  constructor(
    port: number,
    streamId: string,
    private readonly sink: Sink,
    query = '',
    lastEventId?: string,
  ) {
    this.opened = new Promise((resolve) => (this.onOpened = resolve))
    const resume = lastEventId === undefined ? '' : `last-event-id: ${lastEventId}\r\n`
    const head = `GET /stream/${streamId}/results${query} HTTP/1.1\r\nhost: bench\r\naccept: text/event-stream\r\n${resume}\r\n`
    this.socket = connect(port, '127.0.0.1', () => this.socket.write(head))
    this.socket.on('data', (bytes: Buffer) => this.receive(bytes))
    this.socket.on('error', (error) => this.end(error.message))
    this.socket.on('close', () => this.end('closed by the server'))
  }

  /** Stops reading from the socket, so that the kernel's buffers fill and the server has to wait. */
  stopReading(): void {
    this.socket.pause()
  }

  readOn(): void {
    this.socket.resume()
  }

  close(): void {
    this.closedByUs = true
    this.socket.destroy()
  }

  private receive(bytes: Buffer): void {
    if (this.inBody) return this.chunks.decode(bytes, this.part)
    this.head += bytes.toString('latin1')
    const end = this.head.indexOf('\r\n\r\n')
    if (end < 0) return
    if (!this.head.startsWith('HTTP/1.1 200') || !/^transfer-encoding: *chunked/im.test(this.head.slice(0, end))) {
      this.end(this.head.slice(0, this.head.indexOf('\r\n')))
      return
    }
    this.inBody = true
    const body = Buffer.from(this.head.slice(end + 4), 'latin1')
    this.head = ''
    if (body.length > 0) this.chunks.decode(body, this.part)
  }

  private readonly part = (part: Buffer): void => {
    this.onOpened()
    const lines = this.rest === undefined ? part : Buffer.concat([this.rest, part])
    this.rest = undefined
    if (lines[lines.length - 1] === lineFeed) return this.sink.take(lines)
    const end = lines.lastIndexOf(lineFeed) + 1
    this.rest = Buffer.from(lines.subarray(end))
    if (end > 0) this.sink.take(lines.subarray(0, end))
  }

  private end(problem: string): void {
    if (!this.closedByUs) this.problem ??= problem
    this.socket.destroy()
    this.onOpened()
  }
}

/** Waits until every reader has its first bytes. @throws if one was refused */
export async function allOpened(readers: readonly SseReader[]): Promise<void> {
  await Promise.all(readers.map((reader) => reader.opened))
  const refused = readers.find((reader) => reader.problem !== undefined)
  if (refused !== undefined) throw new Error(`a reader was refused: ${refused.problem}`)
}
