import { hostname } from 'node:os'
import { join } from 'node:path'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { StoreError } from './store-error.js'

interface Holder {
  readonly pid: number
  readonly host: string
  /** Tells a process from a later one with the same id. */
  readonly started: string
}

/**
 * Takes the folder of the store for this process; returns what gives it back. A holder that is gone (or is on another host, which
 * cannot be asked) is taken over: should it be alive after all, it stops at its next write, which the store refuses.
 * @throws StoreError naming the process that holds it
 */
export function lockFolder(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true })
  const path = join(dataDir, 'millrace.lock')
  const self: Holder = { pid: process.pid, host: hostname(), started: startOf(process.pid) ?? '' }
  for (;;) {
    try {
      writeFileSync(path, JSON.stringify(self), { flag: 'wx' })
      return () => {
        // Whoever took it over meanwhile keeps it.
        if (isSame(read(path), self)) rmSync(path, { force: true })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = read(path)
    if (holder?.host === self.host && startOf(holder.pid) === holder.started)
      throw new StoreError(
        `DATA_DIR is in use by process ${holder.pid}. Stop that process first, or give this one another DATA_DIR.`,
      )
    rmSync(path, { force: true })
  }
}

const isSame = (holder: Holder | undefined, self: Holder): boolean => JSON.stringify(holder) === JSON.stringify(self)

function read(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Holder
  } catch {
    // Gone meanwhile, or torn by a crash while it was written: nobody holds it.
    return undefined
  }
}

/** What tells a living process from any other that had its id; undefined if there is none. */
function startOf(pid: number): string | undefined {
  try {
    // Fields 3 and 22 of proc(5) stat, counted behind the name, which may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return alive(pid) ? 'unknown' : undefined
  }
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
