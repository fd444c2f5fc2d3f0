import { spawn } from 'node:child_process'
import { createServer, type Server } from 'node:net'
import type { Server as HttpServer } from 'node:http'

/**
 * How many connections are accepted in one turn of the event loop. Node (libuv 1.45 and later, pull request 3696) accepts one, and a
 * turn serves every socket that has something to read: beside 800 busy clients new ones waited for seconds, and wrk counted up to 140
 * timeouts in 5 s. The more, the more of them a lone connection wakes in vain: about 0.4 µs each.
 */
const ACCEPTED_A_TURN = 64

const MAX_WAIT_MS = 5_000

/** A program that sends back what it was sent, as often as it was told, until it is let go. */
const RETURN_COPIES = `process.on('message', (count, handle) => {
  for (let n = 0; n < count; n++) process.send(n, handle)
})`

/** The handle of a listening socket: Node hands it from process to process, and takes it where a server is to listen. */
type Handle = Server

/**
 * More listeners of one socket: each accepts one connection a turn. Node cannot duplicate a descriptor, but one that is sent to another
 * process and back is a duplicate. (`reusePort`, of Node 23, would let a second process take half of the connections unnoticed.)
 */
export class Listeners {
  private readonly copies: Server[] = []
  private readonly closing = new AbortController()

  constructor(
    private readonly server: HttpServer,
    private readonly backlog: number,
  ) {}

  /** Where duplicates cannot be had, one listener it is. */
  async open(count = ACCEPTED_A_TURN): Promise<void> {
    for (const handle of await duplicates(handleOf(this.server), count - 1, this.closing.signal)) {
      if (this.closing.signal.aborted) {
        handle.close()
        continue
      }
      const copy = createServer({ allowHalfOpen: true, noDelay: true })
      copy.on('connection', (socket) => this.server.emit('connection', socket))
      copy.on('error', (error) => this.server.emit('error', error))
      this.copies.push(copy.listen(handle, this.backlog))
    }
  }

  /** Nobody is accepted any more. */
  close(): void {
    this.closing.abort()
    for (const copy of this.copies) copy.close()
    this.server.close()
  }
}

const handleOf = (server: HttpServer): Handle => (server as unknown as { readonly _handle: Handle })._handle

/** As many as can be had. */
async function duplicates(handle: Handle, count: number, signal: AbortSignal): Promise<Handle[]> {
  const handles: Handle[] = []
  try {
    const child = spawn(process.execPath, ['-e', RETURN_COPIES], {
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      timeout: MAX_WAIT_MS,
      signal,
    })
    // More than one may come, and one that nobody hears ends the process.
    child.on('error', () => undefined)
    if (child.pid === undefined) return []
    let isGone = false
    child.on('message', (_n, copy) => {
      if (isGone) (copy as Handle).close()
      else if (handles.push(copy as Handle) === count) child.disconnect()
    })
    child.send(count, handle)
    // What it has of the socket must be gone, too, or the socket would still listen after it was closed here.
    await new Promise((resolve) => child.once('exit', resolve))
    isGone = true
  } catch {
    // No process, or no descriptors, to be had.
  }
  return handles
}
