import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that systems give to outgoing connections (Linux: from 32768). A port from that range could, while the
// server is down, be given to a client of ours that reconnects to it: TCP then connects the socket to itself, the client
// reads its own request and the server cannot bind.
const lowest = 20_000
const highest = 32_000

/** A TCP port of 127.0.0.1 that nobody listens on, and that nobody gets by chance while its server restarts. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (await isFree(port)) return port
  }
  throw new Error(`no free port between ${lowest} and ${highest}`)
}

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
