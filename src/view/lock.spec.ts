import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterTests } from '../../test/support/clean-up.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { until } from '../../test/support/until.js'
import { lockFolder } from './lock.js'

interface Holder {
  readonly pid: number
  readonly host: string
  readonly space: string
  readonly started: string
}

const onLinux = existsSync('/proc/self/stat') ? it : it.skip

const fileOf = (folder: string): string => join(folder, 'millrace.lock')
const holderOf = (folder: string): Holder => JSON.parse(readFileSync(fileOf(folder), 'utf8')) as Holder

/** The lock as this process holds it, changed. */
async function heldBy(change: Partial<Holder>): Promise<string> {
  const folder = await temporaryFolder()
  await lockFolder(folder)
  writeFileSync(fileOf(folder), JSON.stringify({ ...holderOf(folder), ...change }))
  return folder
}

describe('the lock of a folder', () => {
  it('is taken in a folder that is made for it, and given back', async () => {
    const folder = join(await temporaryFolder(), 'new')
    const lock = await lockFolder(folder)
    expect(holderOf(folder)).toMatchObject({ pid: process.pid, host: hostname() })
    lock.leave()
    expect(existsSync(fileOf(folder))).toBe(false)
    await lockFolder(folder)
  })

  it('is refused to a second one in words that name the first', async () => {
    const folder = await temporaryFolder()
    await lockFolder(folder)
    await expect(lockFolder(folder)).rejects.toThrow(
      `DATA_DIR is in use by process ${process.pid}. Stop that process first, or give this one another DATA_DIR.`,
    )
    expect(holderOf(folder).pid).toBe(process.pid)
  })

  it.each<[string, Partial<Holder>]>([
    ['of a process that is gone', { pid: 2 ** 22 + 1 }],
    ['of a former process whose id another one has now', { started: '1' }],
  ])('%s is taken over', async (_name, change) => {
    const folder = await heldBy(change)
    await lockFolder(folder)
    expect(holderOf(folder)).toMatchObject({ pid: process.pid, host: hostname() })
  })

  it.each(['', '{"pid":1,"ho', 'null', '[]'])('that a crash left as %j is taken over', async (text) => {
    const folder = await temporaryFolder()
    writeFileSync(fileOf(folder), text)
    await lockFolder(folder)
    expect(holderOf(folder).pid).toBe(process.pid)
  })

  onLinux('of a process that is dead and not yet buried is taken over', async () => {
    // A shell starts a child and becomes a program that never asks for it. It is that program once it echoes: a shell that
    // hears of a child's death may bury it.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec cat'], { stdio: ['pipe', 'pipe', 'ignore'] })
    afterTests(() => void parent.kill())
    const [output] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(output.toString())
    parent.stdin.write('.')
    await once(parent.stdout, 'data')
    const stat = (): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    const folder = await heldBy({ pid, started: stat()[19] ?? '' })
    process.kill(pid, 'SIGKILL')
    while (stat()[0] !== 'Z') await new Promise(setImmediate)
    await lockFolder(folder)
    expect(holderOf(folder).pid).toBe(process.pid)
  })

  it.each<[string, Partial<Holder>]>([
    ['host', { host: 'elsewhere' }],
    ['container of this host', { space: 'another' }],
  ])('of another %s is taken over when that one has had the time to notice', async (_where, change) => {
    const folder = await heldBy(change)
    const begun = performance.now()
    await lockFolder(folder)
    expect(performance.now() - begun).toBeGreaterThan(1_900)
  })

  it('that another one has taken over is noticed by its former holder well before', async () => {
    const folder = await temporaryFolder()
    const lost = jest.fn()
    const lock = await lockFolder(folder)
    lock.watch(lost)
    writeFileSync(fileOf(folder), JSON.stringify({ ...holderOf(folder), host: 'elsewhere' }))
    await until('it is noticed', () => lost.mock.calls.length > 0, 1_000)
    expect(lost).toHaveBeenCalledTimes(1)
  })

  it('that somebody has removed is put back by its holder', async () => {
    const folder = await temporaryFolder()
    const lost = jest.fn()
    const lock = await lockFolder(folder)
    afterTests(() => {
      lock.leave()
    })
    lock.watch(lost)
    rmSync(fileOf(folder))
    await until('the lock is there again', () => existsSync(fileOf(folder)))
    expect(holderOf(folder).pid).toBe(process.pid)
    expect(lost).not.toHaveBeenCalled()
  })

  it('that another one has taken over is not given back by the former holder', async () => {
    const folder = await temporaryFolder()
    const lock = await lockFolder(folder)
    const other = JSON.stringify({ ...holderOf(folder), host: 'elsewhere' })
    writeFileSync(fileOf(folder), other)
    lock.leave()
    expect(readFileSync(fileOf(folder), 'utf8')).toBe(other)
  })
})
