import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { afterTests } from './support/clean-up.js'
import { temporaryFolder } from './support/temp-folder.js'
import { until } from './support/until.js'

const owner = join(import.meta.dirname, 'support/keeper-owner.mjs')

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('the keeper of a test cluster', () => {
  it('kills what it has started and removes its folder when the test process is killed', async () => {
    const folder = join(await temporaryFolder(), 'cluster')
    await mkdir(folder)
    const child = spawn(process.execPath, [owner, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    afterTests(() => void child.kill('SIGKILL'))
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    const pids = String(line).split(',').map(Number)
    expect(pids.map(isThere)).toEqual([true, true, true])

    child.kill('SIGKILL')
    await until('keeper and processes are gone', () => !pids.some(isThere))
    expect(existsSync(folder)).toBe(false)
  })
})
