import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStore, type OpenStore } from '../view/open-store.js'
import { DamagedStore } from '../view/store-error.js'
import type { Store } from '../view/store.js'
import type { Broker } from './broker.js'
import { readState } from './tail-state.js'

/** Where Linux names its present run. Elsewhere no run is told from another, and the view is made anew after every crash. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/**
 * Opens the local view of the commit logs. It can be made anew from them, so it is not synced, and one that is of no use is set aside:
 * damaged, left open when the machine stopped, of a past that the logs do not hold any more, or of other logs.
 * @throws StoreError if the folder is in use or the embedded engine's, or there is no room
 * @throws Error if the logs cannot be reached
 */
export async function openView(dataDir: string, broker: Broker, log: (message: string) => void): Promise<OpenStore> {
  const mark = join(dataDir, 'view.open')
  const boot = bootId()
  if (existsSync(mark) && (boot === undefined || readFileSync(mark, 'utf8') !== boot))
    setAside(dataDir, 'it was open when the machine stopped', log)
  const opened = await openUseful(dataDir, broker, log)
  writeFileSync(mark, boot ?? '')
  return {
    store: opened.store,
    close: async () => {
      await opened.close()
      rmSync(mark, { force: true })
    },
  }
}

async function openUseful(dataDir: string, broker: Broker, log: (message: string) => void): Promise<OpenStore> {
  let opened
  try {
    opened = openStore(dataDir, 'kafka')
  } catch (error) {
    if (!(error instanceof DamagedStore)) throw error
    setAside(dataDir, 'it is damaged', log)
    return openStore(dataDir, 'kafka')
  }
  const reason = await reasonAgainst(opened.store, broker)
  if (reason === undefined) return opened
  await opened.close()
  setAside(dataDir, reason, log)
  return openStore(dataDir, 'kafka')
}

/** Why the store is no view of the logs that can go on; undefined if it is one. */
async function reasonAgainst(store: Store, broker: Broker): Promise<string | undefined> {
  const extents = await broker.extents('commits')
  const views = extents.flatMap((extent, partition) => {
    const state = readState(store, partition)
    return state === undefined ? [] : [{ ...extent, partition, ...state }]
  })
  if (views.some(({ oldest, next }) => next < oldest)) return 'the logs do not hold any more what comes behind it'
  if (views.some(({ end, next }) => next > end)) return 'the logs end before it'
  for (const { partition, oldest, next, stamp } of views)
    if (next > oldest && (await stampAt(broker, partition, next - 1)) !== stamp) return 'it is of other logs'
  return undefined
}

/** When the message was appended. */
async function stampAt(broker: Broker, partition: number, offset: number): Promise<number | undefined> {
  const done = new AbortController()
  try {
    for await (const [message] of broker.read('commits', partition, offset, done.signal)) return message?.at
  } finally {
    done.abort()
  }
  return undefined
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
