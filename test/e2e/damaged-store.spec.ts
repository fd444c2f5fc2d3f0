import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, openSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import { open as openLmdb } from 'lmdb'

import { Client } from '../support/client.js'
import { announcedSeed, seeded } from '../support/random.js'
import { packageFolder } from '../support/package-folder.js'
import { Server } from '../support/server.js'
import { resultsSoFar, startStream } from '../support/streams.js'
import { temporaryFolder } from '../support/temp-folder.js'

const pageBytes = 4096
const whatToDo = /damaged \(.+\)\. Nothing was changed\. Restore the folder from a backup, or move it away/

const random = seeded(announcedSeed('damaged-store.spec'))
const noise = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, () => random.int(0, 255)))

/** A store that a killed server left, with pages of all kinds; the tests break copies of it. */
let original: string
let id: string
let bytes: number

beforeAll(async () => {
  const server = await Server.start()
  const client = new Client(server.url)
  id = await startStream(client)
  for (let count = 0; count < 40; count++)
    await client.ndjson(id, [count, 'x'.repeat(count * 300), ...Array.from({ length: 50 }, (_, index) => index)])
  await resultsSoFar(client, id)
  await server.kill()
  original = server.dataDir
  bytes = statSync(dataFile(original)).size
}, 60_000)

const dataFile = (dataDir: string): string => join(dataDir, 'store/data.mdb')

async function copy(): Promise<string> {
  const dataDir = join(await temporaryFolder(), 'data')
  cpSync(original, dataDir, { recursive: true })
  return dataDir
}

function overwrite(dataDir: string, position: number, content: Buffer): void {
  writeSync(openSync(dataFile(dataDir), 'r+'), content, 0, content.length, position)
}

/** What must be the same after a start that was refused; LMDB's lock file holds nothing that lasts. */
function fingerprint(dataDir: string): unknown {
  const hash = createHash('sha256')
    .update(readFileSync(dataFile(dataDir)))
    .digest('hex')
  return { hash, files: readdirSync(dataDir, { recursive: true }).filter((name) => name !== 'millrace.lock') }
}

/** Opens the store as the program does at start, in a process of its own. */
function open(dataDir: string): { status: number | null; text: string } {
  const module = pathToFileURL(join(packageFolder, 'dist/src/view/open-store.js')).href
  const script = `import { openStore } from '${module}'; await openStore(process.argv[1], 0).close()`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, dataDir], {
    encoding: 'utf8',
  })
  return { status, text: stderr }
}

describe('a start is refused, in words that say what to do, and changes nothing, when data.mdb', () => {
  it.each<[string, (dataDir: string) => void]>([
    ['is empty', (dataDir) => truncateSync(dataFile(dataDir), 0)],
    ['ends within its first page', (dataDir) => truncateSync(dataFile(dataDir), 100)],
    ['ends behind its root pages', (dataDir) => truncateSync(dataFile(dataDir), 2 * pageBytes)],
    ['is half of what it was', (dataDir) => truncateSync(dataFile(dataDir), bytes / 2)],
    ['lacks its last quarter', (dataDir) => truncateSync(dataFile(dataDir), (bytes * 3) / 4)],
    ['has noise in its first root page', (dataDir) => overwrite(dataDir, 0, noise(pageBytes))],
    ['has noise in its second root page', (dataDir) => overwrite(dataDir, pageBytes, noise(pageBytes))],
    ['has zeros in its first root page', (dataDir) => overwrite(dataDir, 0, Buffer.alloc(pageBytes))],
    ['has zeros in its second root page', (dataDir) => overwrite(dataDir, pageBytes, Buffer.alloc(pageBytes))],
    ['has noise in all other pages', (dataDir) => overwrite(dataDir, 2 * pageBytes, noise(bytes - 2 * pageBytes))],
    [
      'has zeros in all other pages',
      (dataDir) => overwrite(dataDir, 2 * pageBytes, Buffer.alloc(bytes - 2 * pageBytes)),
    ],
    ['is no store at all', (dataDir) => writeFileSync(dataFile(dataDir), noise(bytes))],
  ])('%s', async (_name, damage) => {
    const dataDir = await copy()
    damage(dataDir)
    const before = fingerprint(dataDir)
    const { status, text } = open(dataDir)
    expect(status).toBe(1)
    expect(text).toMatch(whatToDo)
    expect(fingerprint(dataDir)).toEqual(before)
  })

  it('has noise in any one page, or that page is not missed', async () => {
    const dataDir = await copy()
    for (let attempt = 0; attempt < 6; attempt++) {
      const position = random.int(2, bytes / pageBytes - 1) * pageBytes
      const page = readFileSync(dataFile(dataDir)).subarray(position, position + pageBytes)
      overwrite(dataDir, position, noise(pageBytes))
      const before = fingerprint(dataDir)
      const { status, text } = open(dataDir)
      if (status !== 0) expect({ status, text }).toEqual({ status: 1, text: expect.stringMatching(whatToDo) })
      expect(fingerprint(dataDir)).toEqual(before)
      overwrite(dataDir, position, page)
    }
    expect(open(dataDir)).toEqual({ status: 0, text: '' })
  })
})

describe('a store that LMDB has left shorter than it says, for it gave pages out and had no use for them', () => {
  let path: string
  let pages: number

  const probe = (): number | null =>
    spawnSync(process.execPath, [join(packageFolder, 'dist/src/view/probe.js'), path]).status

  beforeAll(async () => {
    path = await temporaryFolder()
    const env = openLmdb({ path, maxDbs: 1 })
    const table = env.openDB<Buffer, number>('rows', { encoding: 'binary' })
    const size = (): number => statSync(join(path, 'data.mdb')).size / pageBytes
    const says = (): number => (env.getStats() as { lastPageNumber: number }).lastPageNumber + 1
    for (let count = 0; count < 1_000 && size() >= says(); count++) {
      await table.transaction(() => {
        for (let key = 100 * count; random.int(0, 15) > 0; key++) {
          void table.put(key, Buffer.alloc(random.int(0, 9000)))
          if (random.int(0, 1) === 0) void table.remove(key)
        }
      })
    }
    pages = size()
    expect(pages).toBeLessThan(says())
    await env.close()
  }, 60_000)

  it('is not refused', () => {
    expect(probe()).toBe(0)
  })

  it('is refused where rows are missing, too', () => {
    truncateSync(join(path, 'data.mdb'), Math.floor(pages / 2) * pageBytes)
    expect(probe()).not.toBe(0)
  })

  it('is refused where it ends within a page', () => {
    truncateSync(join(path, 'data.mdb'), Math.floor(pages / 2) * pageBytes - 1)
    expect(probe()).not.toBe(0)
  })
})

describe('the program', () => {
  it('says so in one line and exits with 1', async () => {
    const dataDir = await copy()
    truncateSync(dataFile(dataDir), bytes / 2)
    const server = await Server.prepare({ dataDir })
    server.launch()
    expect(await server.exited).toEqual({ code: 1, signal: null })
    const said = server.output.split('\n').filter((line) => line.startsWith('millrace: '))
    expect(said).toEqual([expect.stringMatching(whatToDo)])
    expect(server.output).not.toMatch(/^\s+at /m)
  })

  it('starts whatever a crash has made of the lock files', async () => {
    const dataDir = await copy()
    truncateSync(join(dataDir, 'store/lock.mdb'), 10)
    writeFileSync(join(dataDir, 'millrace.lock'), '{"pid":1,"ho')
    const server = await Server.start({ dataDir })
    expect(await resultsSoFar(new Client(server.url), id)).toHaveLength(40 * 52 + 1)
  })
})
