import { fork, type ChildProcess } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { Death } from './death.js'
import { REPORT_FD, type Answer, type Description, type Ready, type Setup, type Task } from './messages.js'
import { ProcessorError } from './processor-error.js'

/** Processors that have not loaded by then never will. */
const LOAD_MS = 60_000

/** The server's end of a process that runs processors. */
export class WorkerProcess {
  /** Settles when it has loaded its processors. @throws ProcessorError if it cannot */
  readonly ready: Promise<readonly Description[]>
  /** Whether it has ended, and takes no task any more. */
  ended = false
  /** Whether it was given a task. */
  used = false
  private readonly child: ChildProcess
  private readonly end: Promise<Death>
  private answered: (answer: Answer) => void = () => undefined

  /** @param program path of `worker-program.js` */
  constructor(program: string, setup: Setup) {
    const heapMb = Math.ceil(setup.memoryBytes / 1024 / 1024)
    this.child = fork(program, [JSON.stringify(setup)], {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${heapMb}`],
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'ipc'],
    })
    this.end = this.watchEnd()
    this.ready = this.watchStart()
    // Whoever gives it a task learns of it.
    this.ready.catch(() => undefined)
    offerToKernel(this.child)
  }

  /** One at a time. @throws Death if it ends over it; ProcessorError */
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
    this.child.kill('SIGKILL')
  }

  private watchEnd(): Promise<Death> {
    let report = ''
    const reports = this.child.stdio[REPORT_FD] as Readable
    reports.setEncoding('utf8').on('data', (chunk: string) => (report += chunk))
    return new Promise((resolve) => {
      // `close`, and not `exit`: then the report has been read.
      this.child.once('close', (_code, signal) => {
        this.ended = true
        resolve(Death.of(report, signal))
      })
      this.child.once('error', () => {
        this.ended = true
        resolve(new Death('processor_failed'))
      })
    })
  }

  private async watchStart(): Promise<readonly Description[]> {
    const slow = setTimeout(() => this.kill(), LOAD_MS)
    const first = new Promise<Ready>((resolve) => this.child.once('message', (message) => resolve(message as Ready)))
    const ready = await Promise.race([first, this.end])
    clearTimeout(slow)
    if (ready instanceof Death)
      throw new ProcessorError('PROCESSORS: the process that loads the processors ended, or took longer than a minute.')
    if (ready.kind === 'unusable') {
      this.kill()
      throw new ProcessorError(ready.message)
    }
    this.child.on('message', (message) => this.answered(message as Answer))
    return ready.processors
  }
}

/** Where memory runs out all the same, Linux ends this process and not the server. Elsewhere there is no such thing. */
function offerToKernel({ pid }: ChildProcess): void {
  if (process.platform !== 'linux' || pid === undefined) return
  writeFile(`/proc/${pid}/oom_score_adj`, '1000').catch(() => undefined)
}
