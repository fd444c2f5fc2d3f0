import { connect, type Socket } from 'node:net'

export interface Reply {
  readonly status: number
  readonly body: string
}

interface Waiter {
  resolve(reply: Reply): void
  reject(error: Error): void
}

const headEnd = Buffer.from('\r\n\r\n')

/** One keep-alive HTTP/1.1 connection, one request in flight. A raw socket: Node's own client costs more than the servers do. */
export class HttpConnection {
  private received: Buffer = Buffer.alloc(0)
  private waiter: Waiter | undefined
  private failure: Error | undefined

  private constructor(private readonly socket: Socket) {
    socket.setNoDelay(true)
    socket.on('data', (bytes: Buffer) => this.take(bytes))
    socket.on('error', (error) => this.fail(error))
    socket.on('close', () => this.fail(new Error('connection closed by the server')))
  }

  static open(port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('error', reject)
      socket.once('connect', () => resolve(new HttpConnection(socket)))
    })
  }

  get idle(): boolean {
    return this.waiter === undefined && this.failure === undefined
  }

  /** @param body ASCII only: its length in characters is sent as its length in bytes. */
  request(method: string, path: string, body = '', contentType = 'application/json'): Promise<Reply> {
    if (this.failure !== undefined) return Promise.reject(this.failure)
    if (this.waiter !== undefined) return Promise.reject(new Error('a request is already in flight'))
    const type = body === '' ? '' : `content-type: ${contentType}\r\n`
    const length = method === 'GET' ? '' : `content-length: ${body.length}\r\n`
    const head = `${method} ${path} HTTP/1.1\r\nhost: bench\r\naccept: application/json\r\n${type}${length}\r\n`
    return new Promise((resolve, reject) => {
      this.waiter = { resolve, reject }
      this.socket.write(head + body, 'latin1')
    })
  }

  close(): void {
    this.socket.destroy()
  }

  private take(bytes: Buffer): void {
    this.received = this.received.length === 0 ? bytes : Buffer.concat([this.received, bytes])
    const end = this.received.indexOf(headEnd)
    if (end < 0) return
    const head = this.received.toString('latin1', 0, end)
    const status = Number(head.slice(9, 12))
    const length = /^content-length: *(\d+)/im.exec(head)?.[1]
    if (length === undefined && status !== 204) return this.fail(new Error('a reply without content-length'))
    const bodyEnd = end + headEnd.length + Number(length ?? 0)
    if (this.received.length < bodyEnd) return
    const body = this.received.toString('utf8', end + headEnd.length, bodyEnd)
    this.received = this.received.subarray(bodyEnd)
    const waiter = this.waiter
    this.waiter = undefined
    waiter?.resolve({ status, body })
  }

  private fail(error: Error): void {
    this.failure ??= error
    this.waiter?.reject(this.failure)
    this.waiter = undefined
    this.socket.destroy()
  }
}

/** One request on a connection of its own. */
export async function request(port: number, method: string, path: string, body?: string): Promise<Reply> {
  const connection = await HttpConnection.open(port)
  try {
    return await connection.request(method, path, body)
  } finally {
    connection.close()
  }
}
