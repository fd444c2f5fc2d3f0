import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../view/open-store.js'
import { DamagedStore } from '../view/store-error.js'
import type { Store } from '../view/store.js'
import type { Broker } from './broker.js'
import { reasonAgainst } from './useful-view.js'

/** Where Linux names its present run. Elsewhere no run is told from another, and the view is made anew after every crash. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** A view of the commit logs, and its store. */
export interface OpenView {
  readonly store: Store
  close(): Promise<void>
}

/**
 * Opens the local view of the commit logs. It can be made anew from them, so it is not synced, and one that is of no use is set aside:
 * damaged, left open when the machine stopped, of a past that the logs do not hold any more, or of other logs.
 * @param dataDir a folder that this process has taken
 * @param reserveBytes see {@link Store}
 * @throws StoreError if there is no room
 * @throws Error if the logs cannot be reached
 */
export async function openView(
  dataDir: string,
  reserveBytes: number,
  broker: Broker,
  log: (message: string) => void,
): Promise<OpenView> {
  const mark = join(dataDir, 'view.open')
  const boot = bootId()
  if (existsSync(mark) && (boot === undefined || readFileSync(mark, 'utf8') !== boot))
    setAside(dataDir, 'it was open when the machine stopped', log)
  const store = await openUseful(dataDir, reserveBytes, broker, log)
  writeFileSync(mark, boot ?? '')
  sync(mark)
  sync(dataDir)
  return { store, close: () => closeView(store, dataDir, mark) }
}

async function closeView(store: Store, dataDir: string, mark: string): Promise<void> {
  await store.close()
  // Nothing was synced before. Without the mark the store counts as whole, whatever the machine does next.
  sync(join(dataDir, 'store', 'data.mdb'))
  rmSync(mark, { force: true })
}

function sync(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

async function openUseful(
  dataDir: string,
  reserveBytes: number,
  broker: Broker,
  log: (message: string) => void,
): Promise<Store> {
  let store
  try {
    store = openStore(dataDir, reserveBytes, false)
  } catch (error) {
    if (!(error instanceof DamagedStore)) throw error
    setAside(dataDir, 'it is damaged', log)
    return openStore(dataDir, reserveBytes, false)
  }
  const reason = await reasonAgainst(store, broker)
  if (reason === undefined) return store
  await store.close()
  setAside(dataDir, reason, log)
  return openStore(dataDir, reserveBytes, false)
}

/** Only the last one is kept. */
function setAside(dataDir: string, reason: string, log: (message: string) => void): void {
  const store = join(dataDir, 'store')
  if (!existsSync(store)) return
  const aside = join(dataDir, 'store-set-aside')
  rmSync(aside, { recursive: true, force: true })
  renameSync(store, aside)
  log(`The local view is made anew, and the former one is in ${aside}: ${reason}.`)
}

function bootId(): string | undefined {
  try {
    return readFileSync(BOOT_ID, 'utf8')
  } catch {
    return undefined
  }
}
