import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { cached } from './cache.js'
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
  const folder = await cached(`kafka-python-${pinned.slice(0, 12)}`, install)
  return { ...process.env, PYTHONPATH: folder, PYTHONUNBUFFERED: '1' }
}

async function install(folder: string): Promise<void> {
  const args = ['--quiet', '--no-deps', '--require-hashes', '--only-binary=:all:', '--target', folder]
  await run('python3', ['-m', 'pip', 'install', ...args, '-r', requirements], { timeout: installLimitMs })
}
