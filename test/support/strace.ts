import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterTests } from './clean-up.js'
import { temporaryFolder } from './temp-folder.js'
import { until } from './until.js'

export interface Syscall {
  readonly name: string
  /** As strace prints them: binary escaped, descriptors with what they are open on. */
  readonly text: string
  readonly result: string
  /** Lines of the trace at which it began and was over. */
  readonly from: number
  readonly to: number
}

const line = /^(\d+) +(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)$/

/** strace on a process that runs. */
export class Strace {
  private constructor(
    private readonly child: ChildProcess,
    private readonly file: string,
  ) {}

  /** With all threads there are and will be; undefined where there is no strace, or where it may not look. */
  static async attach(pid: number, ...options: string[]): Promise<Strace | undefined> {
    if (spawnSync('strace', ['--version']).status !== 0) return undefined
    const file = join(await temporaryFolder(), 'trace')
    const child = spawn('strace', ['-f', '-p', String(pid), '-o', file, ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    afterTests(() => void child.kill())
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    await until('strace is attached', () => said.includes('attached') || child.exitCode !== null)
    return said.includes('attached') ? new Strace(child, file) : undefined
  }

  /** Lets go of the process; what was seen. */
  async detach(): Promise<Syscall[]> {
    const gone = once(this.child, 'exit')
    this.child.kill('SIGINT')
    await gone
    return parse(await readFile(this.file, 'utf8'))
  }
}

/** Calls of several threads overlap: strace then prints a call's beginning and its end as two lines. */
function parse(trace: string): Syscall[] {
  const calls: Syscall[] = []
  const begun = new Map<string, { readonly text: string; readonly from: number }>()
  for (const [number, written] of trace.split('\n').entries()) {
    const [, thread = '', name = '', rest = ''] = line.exec(written) ?? []
    if (name === '') continue
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(thread, { text: rest, from: number })
      continue
    }
    const start = written.includes(' resumed>') ? begun.get(thread) : undefined
    const result = /= ([^=]*)$/.exec(rest)?.[1] ?? ''
    calls.push({ name, text: (start?.text ?? '') + rest, result, from: start?.from ?? number, to: number })
  }
  return calls
}
