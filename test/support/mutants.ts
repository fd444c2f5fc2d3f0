import { cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { packageFolder } from './package-folder.js'
import { temporaryFolder } from './temp-folder.js'

/** A fault to plant in the built program: `find` becomes `replace`. */
export interface Patch {
  /** Path below the package's folder, such as `dist/src/main.js`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/**
 * A folder with the built program, `patches` applied, that runs like the original: pass it as `programFolder`.
 * @throws Error where `find` does not stand in the file exactly once: the source has moved on and the mutant with it must
 */
export async function mutant(patches: readonly Patch[], original = packageFolder): Promise<string> {
  const folder = await temporaryFolder('millrace-mutant-')
  await cp(join(original, 'dist'), join(folder, 'dist'), { recursive: true })
  // Beside dist, since `#libs/*` and the module type are resolved by it.
  await cp(join(original, 'package.json'), join(folder, 'package.json'))
  await symlink(join(packageFolder, 'node_modules'), join(folder, 'node_modules'), 'dir')
  for (const { file, find, replace } of patches) {
    const path = join(folder, file)
    const pieces = (await readFile(path, 'utf8')).split(find)
    if (pieces.length !== 2) throw new Error(`${file} holds ${pieces.length - 1} times, not once: ${find}`)
    await writeFile(path, pieces.join(replace))
  }
  return folder
}
