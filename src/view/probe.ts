import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { open } from 'lmdb'

/** How long the tables are walked: a small store is read whole, of a large one that is as long as it says the first part of every table. */
const BUDGET_MS = 1_000

/** How LMDB marks its root pages, and where in them. */
const MAGIC = 0xbeefc0de
const MAGIC_OFFSET = 24

const bytes = { encoding: 'binary', keyEncoding: 'binary' } as const

/**
 * Tries the store at `path` in this process, which may die of it: LMDB reads through a memory map, so a truncated file is a SIGBUS and
 * garbled meta pages are a SIGSEGV. Run as a program; a clean exit means that the store can be opened.
 */
function probe(path: string): void {
  const env = open<Buffer, Buffer>({ path, maxDbs: 16, readOnly: true, ...bytes })
  const { lastPageNumber, pageSize, root } = env.getStats() as {
    lastPageNumber: number
    pageSize: number
    root: { entryCount: number }
  }
  const file = join(path, 'data.mdb')
  const { size } = statSync(file)
  // LMDB gives pages out that it then has no use for and never writes: a whole store may end before its last page. What is missing
  // besides shows when everything is read.
  const endsEarly = size < (lastPageNumber + 1) * pageSize
  if (endsEarly && size % pageSize !== 0) throw new Error(`data.mdb has ${size} bytes and ends within a page`)
  for (const page of [0, 1])
    if (!isRoot(file, page * pageSize)) throw new Error(`page ${page} of data.mdb is not what it should be`)
  const names = [...env.getKeys({})].map(String)
  // Noise can pass for a page without rows.
  if (names.length !== root.entryCount) throw new Error(`${names.length} of ${root.entryCount} tables are there`)
  for (const name of names) {
    const deadline = endsEarly ? Infinity : performance.now() + BUDGET_MS / names.length
    const table = env.openDB<Buffer, Buffer>(name, bytes)
    const { entryCount } = table.getStats() as { entryCount: number }
    let count = 0
    // Iterating copies keys and values, which touches their pages.
    for (const { key } of table.getRange({})) {
      if (key.length === 0) break
      count++
      if (performance.now() > deadline) count = entryCount
      if (count === entryCount) break
    }
    if (count !== entryCount) throw new Error(`${count} of ${entryCount} rows of ${name} are there`)
  }
}

/** LMDB writes its two root pages by turns, and reads the older one where the newer is broken: what was written last would be gone. */
function isRoot(file: string, position: number): boolean {
  const descriptor = openSync(file, 'r')
  const magic = Buffer.alloc(4)
  readSync(descriptor, magic, 0, magic.length, position + MAGIC_OFFSET)
  closeSync(descriptor)
  return magic.readUInt32LE() === MAGIC
}

probe(process.argv[2] ?? '')
