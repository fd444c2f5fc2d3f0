import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterTests } from './clean-up.js'
import type { Server } from './server.js'
import { temporaryFolder } from './temp-folder.js'

/** What a test may fill while the server runs, and give room again. */
export interface Disk {
  readonly dataDir: string
  /** Leaves room for about `roomBytes`. */
  fill(server: Server, roomBytes: number): void
  free(): void
}

const run = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0

/** The store may not grow past a size: what RLIMIT_FSIZE does to the process. Node ignores the signal that comes with it. */
export async function fileSizeLimit(): Promise<Disk | undefined> {
  if (!run('prlimit', '--version')) return undefined
  const dataDir = join(await temporaryFolder(), 'data')
  let pid = 0
  return {
    dataDir,
    fill: (server, roomBytes) => {
      pid = server.pid
      const bytes = statSync(join(dataDir, 'store/data.mdb')).size + roomBytes
      if (!run('prlimit', '--pid', String(pid), `--fsize=${bytes}:`)) throw new Error('prlimit failed')
    },
    // A process that is gone has taken its limit along.
    free: () => void run('prlimit', '--pid', String(pid), '--fsize=unlimited:'),
  }
}

/** A file system of 24 MiB, for which one must be root; most of it is taken by a file that comes and goes. */
export async function smallFileSystem(): Promise<Disk | undefined> {
  const dataDir = join(await temporaryFolder(), 'data')
  mkdirSync(dataDir)
  if (!run('mount', '-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', dataDir)) return undefined
  afterTests(() => void run('umount', '--lazy', dataDir))
  const ballast = join(dataDir, 'ballast')
  return {
    dataDir,
    fill: (_server, roomBytes) => {
      const { bavail, bsize } = statfsSync(dataDir)
      writeFileSync(ballast, Buffer.alloc(bavail * bsize - roomBytes))
    },
    free: () => rmSync(ballast),
  }
}
