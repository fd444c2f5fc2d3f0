import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { packageFolder } from './support/package-folder.js'

describe('docs/errors.md', () => {
  it('says what the error table says; `npm run docs` writes it anew', async () => {
    const written = await readFile(join(packageFolder, 'docs/errors.md'), 'utf8')
    const { stdout } = await promisify(execFile)(process.execPath, [join(packageFolder, 'scripts/docs.mjs'), '--print'])
    expect(written).toBe(stdout)
  })
})
