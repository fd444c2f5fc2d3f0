import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../dist/bundle/program/main.js', import.meta.url))

/** Millrace on a free port, with a folder that is gone when it is stopped. */
export async function startServer() {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-demo-'))
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [PROGRAM], {
    // Its own folder: a .env of yours does not decide how the demo runs.
    cwd: folder,
    env: { PATH, HOME, HOST: '127.0.0.1', PORT: '0', DATA_DIR: join(folder, 'data'), DRAIN_MS: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill()
    await exited
    await rm(folder, { recursive: true, force: true })
  }
  const died = exited.then(([code]) => {
    throw new Error(`the server stopped by itself (${code}); is the program built? npm run build`)
  })
  // Whoever waits for it is told; when it is stopped nobody waits any more.
  died.catch(() => undefined)
  try {
    return { url: await Promise.race([addressOf(child.stdout), died]), died, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** What the server says in its log that it listens on. */
function addressOf(stdout) {
  return new Promise((resolve) => {
    createInterface(stdout).on('line', (line) => {
      if (line.includes('"listening"')) resolve(JSON.parse(line).message.url)
    })
  })
}
