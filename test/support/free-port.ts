import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that systems give to outgoing connections (Linux: from 32768). A port from that range could, while the
// server is down, be given to a client of ours that reconnects to it: TCP then connects the socket to itself, the client
// reads its own request and the server cannot bind.
const lowest = 20_000
const highest = 32_000
const workers = 4

/**
 * A TCP port of 127.0.0.1 that nobody listens on, and that nobody gets while its server restarts or for as long as clients knock on the
 * door of one that is gone: each Jest worker has ports of its own, and takes them in turn.
 */
export async function freePort(): Promise<number> {
  const each = (highest - lowest) / workers
  const first = lowest + (Number(process.env.JEST_WORKER_ID ?? 0) % workers) * each
  next ??= Math.floor(Math.random() * each)
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = first + (next++ % each)
    if (await isFree(port)) return port
  }
  throw new Error(`no free port between ${first} and ${first + each}`)
}

let next: number | undefined

async function isFree(port: number): Promise<boolean> {
  const probe = createServer()
  const bound = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (bound) {
    probe.close()
    await once(probe, 'close')
  }
  return bound
}
