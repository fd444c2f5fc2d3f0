import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { packageFolder } from './package-folder.js'

const run = promisify(execFile)
const requirements = join(packageFolder, 'test/kafka/requirements.txt')
// One wheel of 0.3 MB, over any line.
const installLimitMs = 300_000

/** What Python needs to find the Kafka client of `requirements.txt`, whose hash pip checks; pip is asked for it once per machine. */
export async function pythonKafkaEnv(): Promise<NodeJS.ProcessEnv> {
  const pinned = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'millrace')
  const folder = join(cache, `kafka-python-${pinned.slice(0, 12)}`)
  if (!existsSync(folder)) await install(cache, folder)
  return { ...process.env, PYTHONPATH: folder, PYTHONUNBUFFERED: '1' }
}

async function install(cache: string, folder: string): Promise<void> {
  await mkdir(cache, { recursive: true })
  // Beside its final place: a rename is atomic, so no run ever sees half a folder.
  const partial = await mkdtemp(`${folder}.`)
  try {
    const args = ['--quiet', '--no-deps', '--require-hashes', '--only-binary=:all:', '--target', partial]
    await run('python3', ['-m', 'pip', 'install', ...args, '-r', requirements], { timeout: installLimitMs })
    await rename(partial, folder).catch((cause: unknown) => {
      // Another run was faster.
      if (!existsSync(folder)) throw cause
    })
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}
