import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DEFAULT_STATE_LIMITS } from '#libs/processor'
import { workerProgram } from '../../test/support/package-folder.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import type { Description } from './messages.js'
import { WorkerProcess } from './worker-process.js'

const limits = { state: DEFAULT_STATE_LIMITS, results: 1_000, chars: 100_000 }

/** What a worker process finds in a folder with these files. */
async function foundIn(files: Readonly<Record<string, string>>): Promise<readonly Description[]> {
  const folder = await temporaryFolder()
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const worker = new WorkerProcess(workerProgram, { processors: [folder], limits, timeoutMs: 1_000, memoryBytes: 64e6 })
  return worker.ready.finally(() => worker.kill())
}

describe('a folder of processors', () => {
  const one = (name: string): string => `class One { static processor = { name: '${name}' }; process() { return [] } }`
  const others = { 'one.test.mjs': 'throw 1', 'two.spec.cjs': 'throw 1', 'three.test.js': 'throw 1', 'one.d.ts': 'no' }

  it('gives what its .js, .mjs and .cjs files export, and leaves tests and declarations alone', async () => {
    const found = await foundIn({
      ...others,
      'one.mjs': `export ${one('one')}`,
      'two.cjs': `${one('two')}; module.exports = { One }`,
      'test.mjs': `export ${one('test')}`,
      'one.d.mts': 'no',
      'one.md': 'no',
    })
    const names = found.filter(({ file }) => file !== undefined).map(({ settings }) => settings)
    expect(names).toEqual([{ name: 'one' }, { name: 'test' }, { name: 'two' }])
  })

  it('that has only those is refused', async () => {
    await expect(foundIn(others)).rejects.toThrow(/there is no \.js, \.mjs or \.cjs file in it, tests apart\.$/)
  })
})
