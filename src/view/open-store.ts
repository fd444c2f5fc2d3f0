import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { diskRoom } from './disk-room.js'
import { Store } from './store.js'
import { lockFolder } from './lock.js'
import { DamagedStore, StoreError } from './store-error.js'

/** LMDB dies of a disk that does not take its first pages. */
const NEW_STORE_BYTES = 1024 * 1024

/** Whose store it is: with the embedded engine it holds the logs, with Kafka a copy of what they say. */
export type StoreOwner = 'embedded' | 'kafka'

export interface OpenStore {
  readonly store: Store
  close(): Promise<void>
}

/**
 * Locks the folder, tries the store in a child process, and opens it.
 * @throws StoreError if the folder is in use or another engine's, the store is damaged or there is no room for a new one; nothing is
 *   deleted
 */
export function openStore(dataDir: string, owner: StoreOwner, reserveBytes = 0): OpenStore {
  const unlock = lockFolder(dataDir)
  try {
    const path = join(dataDir, 'store')
    if (existsSync(join(path, 'data.mdb'))) tryInChild(path)
    else if (diskRoom(dataDir, 'data.mdb') < NEW_STORE_BYTES)
      throw new StoreError(`There is no room for a store in ${dataDir}.`)
    const store = new Store(path, reserveBytes, owner === 'embedded')
    sign(store, owner, dataDir)
    return {
      store,
      close: async () => {
        await store.close()
        unlock()
      },
    }
  } catch (error) {
    unlock()
    throw error
  }
}

function sign(store: Store, owner: StoreOwner, dataDir: string): void {
  const found = store.meta.get('owner')?.toString()
  if (found === owner) return
  if (found === undefined) {
    store.transactNow(() => {
      store.meta.putSync('owner', Buffer.from(owner), 0)
    })
    return
  }
  void store.close()
  throw new StoreError(
    `The store in ${dataDir} is of ENGINE=${found}, and ENGINE is ${owner}. Nothing was changed. Set DATA_DIR to another folder.`,
  )
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
