import { spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { plantTree, projectRoot, removeTree } from './planted-tree.js'

interface FileReport {
  filePath: string
  messages: { ruleId: string }[]
}

const sleepInOneLine = `export const nap = async (): Promise<void> => {
  await new Promise((resolve) => setTimeout(resolve, 5))
}`

const sleepInABlock = `export const nap = async (): Promise<void> => {
  await new Promise<void>((resolve) => {
    setTimeout(() => resolve(), 5)
  })
}`

const pollAndDeadline = `import { setInterval } from 'node:timers/promises'
export async function poll(done: () => boolean): Promise<void> {
  for await (const _ of setInterval(5)) if (done()) return
}
export async function within(ms: number, event: Promise<string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('too late')), ms)
    event.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}`

const nestModule = `import { Inject, Injectable, Module } from '@nestjs/common'
import { Clock } from './clock.js'
@Injectable()
export class Idle {
  constructor(@Inject(Clock) private readonly clock: Clock) {}
  async nowMs(): Promise<number> {
    return this.clock.nowMs
  }
}
@Module({ providers: [Clock, Idle] })
export class IdleModule {}`

/** [the rule, a file that breaks it, its text] */
const plants: readonly (readonly [string, string, string])[] = [
  [
    '@typescript-eslint/no-floating-promises',
    'src/streams/floating.ts',
    `export function go(work: () => Promise<void>): void {\n  work()\n}`,
  ],
  [
    '@typescript-eslint/no-explicit-any',
    'src/streams/any.ts',
    `export const anything = (value: any): unknown => value`,
  ],
  [
    '@typescript-eslint/no-non-null-assertion',
    'src/streams/non-null.ts',
    `export const first = (list: string[]): string => list[0]!`,
  ],
  [
    'no-empty',
    'src/streams/empty-catch.ts',
    `export function go(work: () => void): void {\n  try {\n    work()\n  } catch {}\n}`,
  ],
  ['@typescript-eslint/no-unused-vars', 'src/streams/unused.ts', `export function go(unused: string): void {}`],
  ['no-console', 'src/streams/console.ts', `console.log('hello')`],
  ['no-restricted-properties', 'src/streams/env.ts', `export const port = process.env.PORT`],
  ['no-restricted-properties', 'libs/engine/env.ts', `export const { env } = process`],
  [
    'no-restricted-imports',
    'src/streams/env-import.ts',
    `import { env } from 'node:process'\nexport const port = env.PORT`,
  ],
  ['no-restricted-globals', 'libs/contract/buffer.ts', `export const empty = Buffer.alloc(0)`],
  ['no-restricted-syntax', 'test/e2e/sleep.spec.ts', sleepInOneLine],
  ['no-restricted-syntax', 'src/streams/sleep.spec.ts', sleepInABlock],
  [
    'no-restricted-imports',
    'test/e2e/sleep-import.ts',
    `import { setTimeout } from 'node:timers/promises'\nexport const nap = async (): Promise<void> => setTimeout(5)`,
  ],
  ['no-restricted-syntax', 'test/e2e/focused.spec.ts', `it.only('is alone', () => undefined)`],
]

const wellWritten = {
  'src/streams/clock.ts': `export class Clock {\n  readonly nowMs = 1\n}`,
  'src/streams/idle.module.ts': nestModule,
  'src/config/environment.ts': `export const port = process.env.PORT`,
  'test/e2e/support.ts': pollAndDeadline,
}

function lint(): Map<string, string[]> {
  const planted = Object.fromEntries(plants.map(([, file, text]) => [file, text]))
  const root = plantTree(['eslint.config.js', 'tsconfig.json', 'package.json'], { ...wellWritten, ...planted })
  try {
    symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'))
    const eslint = join(projectRoot, 'node_modules/eslint/bin/eslint.js')
    const run = spawnSync(process.execPath, [eslint, '--format', 'json', 'src', 'libs', 'test'], {
      cwd: root,
      encoding: 'utf8',
    })
    if (run.stdout === '') throw new Error(run.stderr)
    const reports = JSON.parse(run.stdout) as FileReport[]
    return new Map(
      reports.map(({ filePath, messages }) => [relative(root, filePath), messages.map(({ ruleId }) => ruleId)]),
    )
  } finally {
    removeTree(root)
  }
}

describe('the lint rules', () => {
  let broken: Map<string, string[]>

  beforeAll(() => {
    broken = lint()
  }, 60_000)

  it.each(plants)('%s is broken by %s', (rule, file) => {
    expect(broken.get(file)).toContain(rule)
  })

  it.each(Object.keys(wellWritten))('let %s through', (file) => {
    expect(broken.get(file)).toEqual([])
  })
})
