import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterTests } from './clean-up.js'

/** A new empty folder, gone after the tests of this file. */
export async function temporaryFolder(prefix = 'millrace-test-'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), prefix))
  afterTests(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}
