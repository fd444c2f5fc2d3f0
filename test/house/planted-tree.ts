import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export const projectRoot = join(__dirname, '../..')

/** A folder of its own that holds the project's `configs` and `files` (path → text), so that no test touches the working tree. */
export function plantTree(configs: readonly string[], files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(realpathSync(tmpdir()), 'millrace-house-'))
  for (const name of configs) cpSync(join(projectRoot, name), join(root, name))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

export function removeTree(root: string): void {
  rmSync(root, { recursive: true, force: true })
}
