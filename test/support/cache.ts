import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * A folder that is made once per machine, and outlives the clone.
 * @param pinned says what is in it: there is a new one when it changes
 * @param make fills a folder that is empty
 */
export async function cached(
  name: string,
  pinned: string | Buffer,
  make: (folder: string) => Promise<void>,
): Promise<string> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'millrace')
  const version = createHash('sha256').update(pinned).digest('hex').slice(0, 12)
  const folder = join(cache, `${name}-${version}`)
  if (existsSync(folder)) return folder
  await mkdir(cache, { recursive: true })
  // Beside its final place: a rename is atomic, so no run ever sees half a folder.
  const partial = await mkdtemp(`${folder}.`)
  try {
    await make(partial)
    await rename(partial, folder).catch((cause: unknown) => {
      // Another run was faster.
      if (!existsSync(folder)) throw cause
    })
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
  return folder
}
