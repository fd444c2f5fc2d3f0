import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lockFolder, type FolderLock } from './lock.js'
import { StoreError } from './store-error.js'

/** Whose folder it is: with the embedded engine it holds the logs, with Kafka a copy of what they say. */
export type FolderOwner = 'embedded' | 'kafka'

/**
 * Takes the folder for this process and signs it with the engine's name.
 * @throws StoreError if it is in use, or another engine's; nothing is changed then
 */
export async function takeFolder(dataDir: string, owner: FolderOwner): Promise<FolderLock> {
  const lock = await lockFolder(dataDir)
  try {
    sign(dataDir, owner)
    return lock
  } catch (error) {
    lock.leave()
    throw error
  }
}

function sign(dataDir: string, owner: FolderOwner): void {
  const file = join(dataDir, 'engine')
  // The embedded engine's folders were not always signed.
  const found = existsSync(file)
    ? readFileSync(file, 'utf8').trim()
    : existsSync(join(dataDir, 'store', 'data.mdb'))
      ? 'embedded'
      : owner
  if (found !== owner)
    throw new StoreError(
      `The store in ${dataDir} is of ENGINE=${found}, and ENGINE is ${owner}. Nothing was changed. Set DATA_DIR to another folder.`,
    )
  if (!existsSync(file)) writeFileSync(file, `${owner}\n`)
}
