import { hostname } from 'node:os'
import { join } from 'node:path'
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from './store-error.js'

interface Holder {
  readonly pid: number
  readonly host: string
  /** What process ids mean something in: this start of the machine, and the container. */
  readonly space: string
  /** Tells a process from a later one with the same id. */
  readonly started: string
}

/** How often the holder looks whether the lock is still its own. */
const WATCH_MS = 250

/**
 * How long to wait for a former holder that cannot be asked, so that it has noticed, and what it was writing is written. Opening an LMDB
 * environment sets the number of its newest transaction to what the opener has read a moment before (lmdb 3.5.6, mdb_env_open2): one
 * that somebody else commits in that moment is lost, and its sender has an ack.
 */
const TAKE_OVER_MS = 2_000

export interface FolderLock {
  /** Calls `onLost` once when another process has taken the folder over: this one must write no more. */
  watch(onLost: () => void): void
  /** Gives the folder back. */
  leave(): void
}

/**
 * Takes the folder of the store for this process. A holder that is gone is taken over at once; one on another host, or in another
 * container, or whose lock cannot be read, cannot be asked: it is taken over, and has time to notice before this returns.
 * @throws StoreError naming the process that holds it
 */
export async function lockFolder(dataDir: string): Promise<FolderLock> {
  mkdirSync(dataDir, { recursive: true })
  const path = join(dataDir, 'millrace.lock')
  const self: Holder = { pid: process.pid, host: hostname(), space: space(), started: startOf(process.pid) ?? '' }
  for (let mayLive = false; ;) {
    if (put(path, self)) {
      if (mayLive) await wait(TAKE_OVER_MS)
      if (isSame(read(path), self)) return held(path, self)
    }
    const holder = read(path)
    const canBeAsked = holder?.host === self.host && holder.space === self.space
    if (canBeAsked && startOf(holder.pid) === holder.started)
      throw new StoreError(
        `DATA_DIR is in use by process ${holder.pid}. Stop that process first, or give this one another DATA_DIR.`,
      )
    mayLive ||= !canBeAsked && existsSync(path)
    rmSync(path, { force: true })
  }
}

/** Whether there was no lock, so that it is this process's now. */
function put(path: string, self: Holder): boolean {
  try {
    writeFileSync(path, JSON.stringify(self), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  }
}

function held(path: string, self: Holder): FolderLock {
  let watch: NodeJS.Timeout | undefined
  return {
    watch: (onLost) => {
      watch = setInterval(() => {
        const holder = read(path)
        // What cannot be read says nothing about who has it; one that was removed is put back.
        if (holder === undefined ? existsSync(path) || put(path, self) : isSame(holder, self)) return
        clearInterval(watch)
        onLost()
      }, WATCH_MS).unref()
    },
    leave: () => {
      clearInterval(watch)
      // Whoever took it over meanwhile keeps it.
      if (isSame(read(path), self)) rmSync(path, { force: true })
    },
  }
}

const isSame = (holder: Holder | undefined, self: Holder): boolean => JSON.stringify(holder) === JSON.stringify(self)

function read(path: string): Holder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Partial<Holder> | null
    return holder?.host === undefined ? undefined : (holder as Holder)
  } catch {
    // Gone meanwhile, or torn by a crash while it was written: nobody holds it.
    return undefined
  }
}

function space(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return ''
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
