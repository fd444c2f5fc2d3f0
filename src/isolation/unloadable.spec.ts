import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Logger } from '@nestjs/common'
import { errorResult, successResult } from '#libs/contract'
import { DEFAULT_STATE_LIMITS } from '#libs/processor'
import { afterTests } from '../../test/support/clean-up.js'
import { recordsFor } from '../../test/support/named-work.js'
import { workerProgram } from '../../test/support/package-folder.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { until } from '../../test/support/until.js'
import { Isolation } from './isolation.js'

const limits = { state: DEFAULT_STATE_LIMITS, results: 1_000, chars: 100_000 }

/** A file of a processor that gives what it gets, unless that is the word on which it ends its process. */
const echo = (name: string): string => `export class Echo {
  static processor = { name: '${name}' }
  process({ value }) { return value === 'exit' ? process.exit(0) : [value] }
  check() {}
}`

/** The pauses between tries to load: each is over when the test says so. */
class Pauses {
  readonly ms: number[] = []
  private over = (): void => undefined

  readonly wait = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      this.ms.push(ms)
      this.over = resolve
      signal.addEventListener('abort', () => reject(new Error('stopped')))
    })

  /** Ends the pause, and waits for the next one. */
  async next(): Promise<void> {
    const before = this.ms.length
    this.over()
    await until('it was tried', () => this.ms.length > before)
  }

  end(): void {
    this.over()
  }
}

/** Two files with a processor each, `steady` and `fragile`. */
async function twoFiles(program = workerProgram) {
  const folder = await temporaryFolder()
  const file = join(folder, 'fragile.mjs')
  const write = (code: string): Promise<void> => writeFile(file, code)
  await writeFile(join(folder, 'steady.mjs'), echo('steady'))
  await write(echo('fragile'))
  const pauses = new Pauses()
  const setup = { processors: [folder], limits, timeoutMs: 1_000, memoryBytes: 64 * 1024 * 1024 }
  const isolated = new Isolation(program, setup, 2, pauses.wait)
  afterTests(() => isolated.stop())
  await isolated.descriptions()
  const linesOf = async (processor: string, values: readonly unknown[]): Promise<unknown> => {
    const result = await isolated.run([recordsFor(processor, 's', values)])[0]
    return result?.outcomes.flatMap(({ lines }) => lines)
  }
  return { file, write, pauses, isolated, linesOf }
}

const lines: unknown[] = []
beforeAll(() => {
  const keep = (line: unknown): void => void lines.push(line)
  Logger.overrideLogger({ log: keep, warn: () => undefined, error: keep })
})
beforeEach(() => (lines.length = 0))

const GONE = undefined

describe('a file of processors that could be loaded when the server started', () => {
  it.each([
    ['is gone', GONE, /^ENOENT/],
    ['is no JavaScript', 'export class {', /./],
    ['throws', 'throw new Error("no licence")', /^no licence$/],
    ['ends its process', 'process.exit(0)', /^it ends the process that loads it\.$/],
    ['takes all memory', 'for (const all = []; ; ) all.push(Buffer.alloc(1e6, 1))', /it takes more memory than it may/],
    ['has lost its processor', echo('other'), /^there is no processor "fragile" in it any more\.$/],
  ])(
    'and %s now has its streams wait until it is mended, and no others',
    async (_what, code, reason) => {
      const { file, write, pauses, isolated, linesOf } = await twoFiles()
      await (code === GONE ? rm(file) : write(code))
      expect(await isolated.check('steady', {})).toBeUndefined()
      // Its process ends over the second record, so that there has to be another one.
      const waiting = linesOf('fragile', ['a', 'exit', 'b'])
      await until('it was tried', () => pauses.ms.length > 0)
      expect(isolated.problem).toBe('these processors cannot be loaded: fragile')
      expect(await linesOf('steady', ['c'])).toEqual([successResult('c')])
      expect(await linesOf('uppercase', ['c'])).toEqual([successResult('C')])
      await expect(isolated.check('fragile', {})).rejects.toMatchObject({ code: 'processor_unavailable' })
      await pauses.next()
      await write(echo('fragile'))
      pauses.end()
      expect(await waiting).toEqual([successResult('a'), errorResult('processor_failed'), successResult('b')])
      expect(isolated.problem).toBeUndefined()
      expect(await isolated.check('fragile', {})).toBeUndefined()
      expect(lines.filter((line) => (line as { file?: string }).file === file)).toEqual([
        expect.objectContaining({ processors: ['fragile'], reason: expect.stringMatching(reason) as string }),
        expect.objectContaining({ message: 'processors can be loaded again: their streams go on' }),
      ])
    },
    60_000,
  )

  it('is tried again after 250 ms, then after twice as long each time, up to 30 s', async () => {
    const { file, pauses, linesOf } = await twoFiles()
    await rm(file)
    linesOf('fragile', ['exit']).catch(() => undefined)
    await until('it was tried', () => pauses.ms.length > 0)
    for (let tries = 0; tries < 8; tries++) await pauses.next()
    expect(pauses.ms).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    expect(lines.filter((line) => (line as { file?: string }).file === file)).toHaveLength(1)
  }, 60_000)

  it('is run by a process that has loaded it for as long as that lives', async () => {
    const { file, linesOf, isolated } = await twoFiles()
    await rm(file)
    // One of them needs a second process.
    const works = ['s', 't', 'u'].map((stream) => recordsFor('fragile', stream, ['a']))
    const results = await Promise.all(isolated.run(works))
    expect(results.map(({ outcomes }) => outcomes.flatMap(({ lines: each }) => each))).toEqual(
      works.map(() => [successResult('a')]),
    )
    expect(await linesOf('fragile', ['b'])).toEqual([successResult('b')])
  }, 60_000)

  it('waits, as all others do, while no process can be begun at all', async () => {
    const program = join(await temporaryFolder(), 'program.mjs')
    const good = `await import(${JSON.stringify(pathToFileURL(workerProgram))})`
    await writeFile(program, good)
    const { pauses, isolated, linesOf } = await twoFiles(program)
    await writeFile(program, 'process.exit(1)')
    const waiting = linesOf('fragile', ['exit', 'a'])
    await until('it was tried', () => pauses.ms.length > 0)
    expect(isolated.problem).toBe('no process for processors can be begun')
    await expect(isolated.check('uppercase', {})).rejects.toMatchObject({ code: 'processor_unavailable' })
    await writeFile(program, good)
    pauses.end()
    expect(await waiting).toEqual([errorResult('processor_failed'), successResult('a')])
  }, 60_000)

  it('keeps no stop waiting', async () => {
    const { file, pauses, isolated, linesOf } = await twoFiles()
    await rm(file)
    const waiting = linesOf('fragile', ['exit'])
    await until('it was tried', () => pauses.ms.length > 0)
    const began = performance.now()
    isolated.onModuleDestroy()
    await expect(waiting).rejects.toMatchObject({ code: 'shutting_down' })
    // What has begun has five seconds.
    expect(performance.now() - began).toBeLessThan(2_000)
    isolated.onApplicationShutdown()
  })
})
