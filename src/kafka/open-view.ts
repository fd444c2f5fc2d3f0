import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore, type OpenStore } from '../view/open-store.js'
import { DamagedStore } from '../view/store-error.js'
import type { Extent } from './broker.js'
import { readState } from './tail-state.js'

/** Where Linux names its present run. Elsewhere no run is told from another, and the view is made anew after every crash. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/**
 * Opens the local view of the commit logs. It can be made anew from them, so it is not synced, and one that is of no use is set aside:
 * damaged, left open when the machine stopped, or of a past that the logs do not hold any more.
 * @throws StoreError if the folder is in use, or there is no room
 */
export async function openView(
  dataDir: string,
  extents: readonly Extent[],
  log: (message: string) => void,
): Promise<OpenStore> {
  const mark = join(dataDir, 'view.open')
  const boot = bootId()
  if (existsSync(mark) && (boot === undefined || readFileSync(mark, 'utf8') !== boot))
    setAside(dataDir, 'it was open when the machine stopped', log)
  const opened = await openUseful(dataDir, extents, log)
  writeFileSync(mark, boot ?? '')
  return {
    store: opened.store,
    close: async () => {
      await opened.close()
      rmSync(mark, { force: true })
    },
  }
}

async function openUseful(
  dataDir: string,
  extents: readonly Extent[],
  log: (message: string) => void,
): Promise<OpenStore> {
  let opened
  try {
    opened = openStore(dataDir, 0, false)
  } catch (error) {
    if (!(error instanceof DamagedStore)) throw error
    setAside(dataDir, 'it is damaged', log)
    return openStore(dataDir, 0, false)
  }
  const { store } = opened
  const isPast = extents.some(({ oldest, end }, partition) => {
    const next = readState(store, partition)?.next
    return next !== undefined && (next < oldest || next > end)
  })
  if (!isPast) return opened
  await opened.close()
  setAside(dataDir, 'the logs do not hold any more what comes behind it', log)
  return openStore(dataDir, 0, false)
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
