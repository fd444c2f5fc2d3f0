import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { RESULT_ERRORS } from '#libs/contract'
import type { ProcessorClass, RecordProcessor } from '#libs/processor'
import { SCHEMA } from '../../src/config/schema.js'
import { BUILT_IN } from '../../src/processors/built-in.js'
import { packageFolder } from '../support/package-folder.js'
import { replaysOf } from '../support/replays.js'
import { Server } from '../support/server.js'
import { examplesOf, rowsBehind, snippetsOf } from '../support/snippets.js'
import { temporaryFolder } from '../support/temp-folder.js'

const run = promisify(execFile)
const page = readFileSync(join(packageFolder, 'docs/processors.md'), 'utf8')
const snippets = snippetsOf(page)
const files = snippets.filter(({ language }) => language === 'js' || language === 'ts')
const examples = examplesOf(snippets)

// Programs start slowly on a machine that is busy with other tests.
const programMs = 60_000

/** A reader's folder with all files of the page in it, and this package installed. */
async function readersFolder(): Promise<string> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'node_modules'))
  await symlink(packageFolder, join(folder, 'node_modules/millrace'))
  await symlink(join(packageFolder, 'node_modules/rxjs'), join(folder, 'node_modules/rxjs'))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  for (const { title, text } of files) await writeFile(join(folder, title), text)
  return folder
}

/** The commands of a transcript, each with what it shows. */
const callsOf = (transcript: string): { command: string; shown: string }[] =>
  `\n${transcript}`
    .split('\n$ ')
    .slice(1)
    .map((call) => {
      const [command = '', ...lines] = call.split('\n')
      return { command, shown: lines.join('\n') }
    })

/** What is the same in every run. */
const lasting = (shown: string): string =>
  shown
    .replace(/\b[0-9a-f]{16}\b/g, 'incarnation')
    .replace(/^retry: \d+$/gm, 'retry: some ms')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'a time')
    .replace(/ +$/gm, '')
    .trim()

const itWithCurl = spawnSync('curl', ['--version']).status === 0 ? it : it.skip

const cells = (row: string): string[] => row.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, ''))
const unquoted = (cell = ''): string => cell.replaceAll('`', '')

describe('docs/processors.md', () => {
  let folder: string
  beforeAll(async () => (folder = await readersFolder()))

  it('shows nothing that is not run here', () => {
    const known = ['js', 'ts', 'json options', 'json records', 'json results', 'console', 'sh']
    const kindOf = (language: string, title: string): string => (language === 'json' ? `json ${title}` : language)
    expect(snippets.filter(({ language, title }) => !known.includes(kindOf(language, title)))).toEqual([])
    expect(files.filter(({ title }) => title === '')).toEqual([])
    const tested = files.map(({ title }) => title).filter((title) => title.endsWith('.test.mjs'))
    const shown = new Set([...examples.map(({ file }) => file), ...tested.map((title) => title.replace('.test', ''))])
    expect(files.map(({ title }) => title).filter((title) => !shown.has(title) && !tested.includes(title))).toEqual([])
  })

  it(
    'has tests that pass',
    async () => {
      const tests = files.map(({ title }) => title).filter((title) => title.endsWith('.test.mjs'))
      const { stdout } = await run(process.execPath, ['--test', '--test-reporter=tap', ...tests], { cwd: folder })
      const count = tests.map((title) => files.find((file) => file.title === title)?.text.split('\ntest(').length ?? 0)
      expect(stdout).toContain(`# pass ${count.reduce((sum, parts) => sum + parts - 1, 0)}\n`)
      expect(snippets.filter(({ language }) => language === 'sh').map(({ text }) => text)).toEqual([
        'PROCESSORS=./jumps.mjs npm start\n',
        `node --test ${String(tests[0])}\n`,
      ])
    },
    programMs,
  )

  it(
    'has types that hold, and become JavaScript that the package can be used from',
    async () => {
      const typed = files.map(({ title }) => title).filter((title) => title.endsWith('.ts'))
      const compiler = join(packageFolder, 'node_modules/typescript/bin/tsc')
      const options = ['--strict', '--module', 'nodenext', '--target', 'es2022']
      await run(process.execPath, [compiler, ...options, ...typed], { cwd: folder })
      const imports = typed.map((title) => `await import('./${title.replace('.ts', '.js')}')`).join(';')
      await run(process.execPath, ['--input-type=module', '--eval', imports], { cwd: folder })
    },
    programMs,
  )

  it.each(examples.map((example) => [example.file, example] as const))(
    'shows what the processor of %s gives, however its records come',
    async (file, example) => {
      const module = (await import(join(folder, file))) as Record<string, ProcessorClass & (new () => RecordProcessor)>
      const [type, ...others] = Object.values(module).filter((each) => typeof each === 'function')
      if (type === undefined || others.length > 0) throw new Error(`${file} exports ${others.length + 1} processors`)
      const replays = replaysOf(type, example)
      expect(replays).toEqual(Object.fromEntries(Object.keys(replays).map((way) => [way, example.results])))
    },
  )

  itWithCurl(
    'shows what the server answers',
    async () => {
      const server = await Server.start({ env: { PROCESSORS: join(folder, 'jumps.mjs') } })
      const calls = snippets.filter(({ language }) => language === 'console').flatMap(({ text }) => callsOf(text))
      for (const { command, shown } of calls) {
        const { stdout } = await run('sh', ['-c', command.replace('localhost:8080', `127.0.0.1:${server.port}`)])
        expect(lasting(stdout)).toBe(lasting(shown))
      }
    },
    programMs,
  )

  it('names every error that a result can be', () => {
    expect(rowsBehind(page, 'changes nothing else:').map((row) => unquoted(cells(row)[0]))).toEqual(
      Object.keys(RESULT_ERRORS),
    )
  })

  it('says the bounds as the configuration has them', () => {
    const rows = rowsBehind(page, 'tried again with the next.').map(cells)
    const fallbacks = new Map<string, string>(Object.values(SCHEMA).map(({ name, fallback }) => [name, fallback]))
    expect(rows.length).toBeGreaterThan(0)
    for (const [name, fallback] of rows) expect(fallback?.replaceAll(',', '')).toBe(fallbacks.get(unquoted(name)))
  })

  it('names every processor that there is', () => {
    const names = (BUILT_IN as readonly unknown[] as readonly ProcessorClass[]).map(({ processor }) => processor.name)
    const told = rowsBehind(page, 'has their options, with examples.').map((row) => unquoted(cells(row)[0]))
    expect(told.sort()).toEqual(names.sort())
  })
})
