// Runs `nest build` and bundles the program, unless dist is newer than everything it is made from, so that a restart takes no compiler.
import { spawnSync } from 'node:child_process'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const stamp = join(root, 'dist', '.built')
const inputs = [
  'src',
  'libs',
  'scripts/bundle.mjs',
  'package.json',
  'package-lock.json',
  'nest-cli.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.types.json',
]

// A folder counts as well as its files: deleting or renaming a file changes only the folder.
function changedAtMs(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => changedAtMs(join(path, name))))
}

function builtAtMs() {
  return statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? -1
}

const newestInputMs = Math.max(...inputs.map((name) => changedAtMs(join(root, name))))
if (newestInputMs >= builtAtMs()) {
  const { resolve } = createRequire(import.meta.url)
  const nest = resolve('@nestjs/cli/bin/nest.js')
  const tsc = resolve('typescript/bin/tsc')
  const build = spawnSync(process.execPath, [nest, 'build'], { cwd: root, stdio: 'inherit' })
  if (build.status !== 0) process.exit(build.status ?? 1)
  // Of what processors are written against; of the rest nobody needs declarations.
  const types = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.types.json'], { cwd: root, stdio: 'inherit' })
  if (types.status !== 0) process.exit(types.status ?? 1)
  await bundle()
  // A file saved while the compiler ran must count as newer than what was built.
  if (Math.max(...inputs.map((name) => changedAtMs(join(root, name)))) === newestInputMs) writeFileSync(stamp, '')
}
