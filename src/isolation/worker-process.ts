import { fork, type ChildProcess } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { Death } from './death.js'
import { LoadFailure } from './load-failure.js'
import type { Answer, Description, Ready, Setup, Start, Task } from './messages.js'
import { REPORT_FD, Reports } from './reports.js'

/** Processors that have not loaded by then never will. */
const LOAD_MS = 60_000

/** The server's end of a process that runs processors. */
export class WorkerProcess {
  /** Settles when it has loaded its processors. @throws LoadFailure if it cannot */
  readonly ready: Promise<readonly Description[]>
  /** Whether it has ended, and takes no task any more. */
  ended = false
  /** Whether it was given a task. */
  used = false
  private readonly child: ChildProcess
  private readonly reports = new Reports()
  private readonly end: Promise<Death>
  private readonly loaded = new Set<string>()
  /** Why it could not load anything, where that is not what it says itself. */
  private reason = 'it ends the process that loads it.'
  private answered: (answer: Answer) => void = () => undefined

  /**
   * @param program path of `worker-program.js`
   * @param expected files of `setup` by the processors that must be in them
   * @param output what becomes of its stdout and stderr
   * @throws Error of the system's, for lack of memory
   */
  constructor(
    program: string,
    setup: Setup,
    private readonly expected: ReadonlyMap<string, string> = new Map(),
    output: 'inherit' | 'ignore' = 'inherit',
  ) {
    const heapMb = Math.ceil(setup.memoryBytes / 1024 / 1024)
    const start: Start = { ...setup, server: process.pid }
    this.child = fork(program, [JSON.stringify(start)], {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${heapMb}`],
      stdio: ['ignore', output, output, 'pipe', 'ipc'],
    })
    this.end = this.watchEnd()
    this.ready = this.watchStart()
    // Whoever gives it a task learns of it.
    this.ready.catch(() => undefined)
    offerToKernel(this.child)
  }

  /** Whether it has loaded all of these. */
  runs(processors: readonly string[]): boolean {
    return !this.ended && processors.every((name) => this.loaded.has(name))
  }

  /** One at a time. @throws Death if it ends over it; LoadFailure */
  async run(task: Task): Promise<Answer> {
    await this.ready
    this.used = true
    const answer = new Promise<Answer>((resolve) => (this.answered = resolve))
    // An error here is that of a process that is gone: its end says more.
    this.child.send(task, () => undefined)
    const outcome = await Promise.race([answer, this.end])
    if (outcome instanceof Death) throw outcome
    return outcome
  }

  kill(): void {
    this.ended = true
    // One that could not be begun has the id 0, which is the server's own group.
    if (this.child.pid !== undefined) this.child.kill('SIGKILL')
  }

  private watchEnd(): Promise<Death> {
    return new Promise((resolve) => {
      const end = (death: Death): void => {
        this.ended = true
        resolve(death)
      }
      this.child.on('error', ({ message }) => {
        this.reason = message
        end(new Death('processor_failed'))
      })
      // `close`, and not `exit`: then the reports have been read.
      this.child.once('close', (_code, signal) => end(Death.of(this.reports.end, signal)))
      // Where the server has no file descriptors left, there is none.
      const [reports] = (this.child.stdio as readonly unknown[] | undefined)?.slice(REPORT_FD) ?? []
      const said = reports as Readable | undefined
      said?.setEncoding('utf8').on('data', (chunk: string) => this.reports.add(chunk))
      said?.on('error', () => undefined)
    })
  }

  private async watchStart(): Promise<readonly Description[]> {
    const slow = setTimeout(() => {
      this.reason = 'it takes longer than a minute.'
      this.kill()
    }, LOAD_MS)
    const first = new Promise<Ready>((resolve) => this.child.once('message', (message) => resolve(message as Ready)))
    const ready = await Promise.race([first, this.end])
    clearTimeout(slow)
    if (ready instanceof Death) throw new LoadFailure(this.reports.loading, this.reasonOfEnd())
    if (ready.kind === 'unusable') throw this.unusable(ready.file, ready.reason)
    for (const { settings } of ready.processors) this.loaded.add((settings as { name: string }).name)
    for (const [name, file] of this.expected)
      if (!this.loaded.has(name)) throw this.unusable(file, `there is no processor "${name}" in it any more.`)
    this.child.on('message', (message) => this.answered(message as Answer))
    return ready.processors
  }

  private unusable(file: string | undefined, reason: string): LoadFailure {
    this.kill()
    return new LoadFailure(file, reason)
  }

  private reasonOfEnd(): string {
    return this.reports.end?.cause === 'memory'
      ? 'it takes more memory than it may (PROCESSOR_MEMORY_BYTES).'
      : this.reason
  }
}

/** Where memory runs out all the same, Linux ends this process and not the server. Elsewhere there is no such thing. */
function offerToKernel({ pid }: ChildProcess): void {
  if (process.platform !== 'linux' || pid === undefined) return
  writeFile(`/proc/${pid}/oom_score_adj`, '1000').catch(() => undefined)
}
