import type { Config } from '../config/schema.js'
import { UNSETTLED_COMMITS, type Opened } from '../engine.opened.js'
import { takeFolder } from '../view/folder.js'
import { openStore } from '../view/open-store.js'
import { EmbeddedEngine } from './embedded-engine.js'

/** @throws StoreError */
export async function openEmbedded(config: Config, onLost: (reason: string) => void): Promise<Opened> {
  const lock = await takeFolder(config.dataDir, 'embedded')
  try {
    const store = openStore(config.dataDir, config.diskReserveBytes)
    const engine = new EmbeddedEngine(store, {
      backlogBytes: config.ingestBudgetBytes,
      maxUnsettledChars: UNSETTLED_COMMITS * config.maxCommitBytes,
      barrierTimeoutMs: config.verdictTimeoutMs,
      onFenced: () => {
        onLost('another process has taken DATA_DIR over')
      },
    })
    lock.watch(() => {
      engine.giveUp()
    })
    return {
      engine,
      store,
      close: () =>
        store.close().finally(() => {
          lock.leave()
        }),
    }
  } catch (error) {
    lock.leave()
    throw error
  }
}
