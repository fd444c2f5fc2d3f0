import type { Config } from '../config/schema.js'
import { UNSETTLED_COMMITS, type Opened } from '../engine.opened.js'
import { takeFolder } from '../view/folder.js'
import { openStore } from '../view/open-store.js'
import { EmbeddedEngine } from './embedded-engine.js'

/** @throws StoreError */
export function openEmbedded(config: Config, onLost: (reason: string) => void): Opened {
  const leave = takeFolder(config.dataDir, 'embedded')
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
    return { engine, store, close: () => store.close().finally(leave) }
  } catch (error) {
    leave()
    throw error
  }
}
