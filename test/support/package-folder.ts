import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of this package, from the sources as from what is compiled of them in `dist`. */
export const packageFolder = folderAbove(import.meta.dirname)

/** The program of worker processes: the built one, since a process runs no TypeScript. */
export const workerProgram = join(packageFolder, 'dist/bundle/program/worker-program.js')

/** What a server runs: of this package the bundle; of a folder with other code that from which one would be made. */
export const programOf = (folder = packageFolder): string =>
  join(folder, folder === packageFolder ? 'dist/bundle/program/main.js' : 'dist/src/main.js')

function folderAbove(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder
  const above = dirname(folder)
  if (above === folder) throw new Error('this is in no package')
  return folderAbove(above)
}
