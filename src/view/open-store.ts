import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { diskRoom } from './disk-room.js'
import { DamagedStore, StoreError } from './store-error.js'
import { Store } from './store.js'

/** LMDB dies of a disk that does not take its first pages. */
const NEW_STORE_BYTES = 1024 * 1024

/**
 * Tries the store of a folder that this process has taken in a child process, and opens it. For `reserveBytes` and `durable` see
 * {@link Store}.
 * @throws StoreError if it is damaged, or there is no room for a new one; nothing is deleted
 */
export function openStore(dataDir: string, reserveBytes: number, durable = true): Store {
  const path = join(dataDir, 'store')
  if (existsSync(join(path, 'data.mdb'))) tryInChild(path)
  else if (diskRoom(dataDir, 'data.mdb') < NEW_STORE_BYTES)
    throw new StoreError(`There is no room for a store in ${dataDir}.`)
  return new Store(path, reserveBytes, durable)
}

function tryInChild(path: string): void {
  const program = fileURLToPath(new URL('probe.js', import.meta.url))
  const { status, signal, stderr } = spawnSync(process.execPath, [program, path], { encoding: 'utf8' })
  if (status === 0) return
  const reason = signal ?? /Error: (.*)/.exec(stderr)?.[1] ?? `exit status ${status}`
  throw new DamagedStore(
    `The store in ${path} is damaged (${reason}). Nothing was changed. Restore the folder from a backup, or move it away and start with an empty one.`,
  )
}
