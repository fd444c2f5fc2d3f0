import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { packageFolder } from './package-folder.js'

const keeperFile = join(packageFolder, 'test/support/kafka-keeper.mjs')
const tailChars = 4000

export interface KafkaExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it could not be started. */
  readonly fault?: string
}

/** What kafka-keeper.mjs says of a process: that it has begun, or that it is gone. */
type Told = { readonly name: string } & ({ readonly pid: number } | KafkaExit)

interface Process {
  readonly pid: number
  readonly gone: Promise<KafkaExit>
}

/** Child processes of a keeper, each under a name: gone, with their folder, when this process is. */
export class KafkaProcesses {
  private readonly processes = new Map<string, Process>()
  private readonly running = new Set<string>()
  private readonly begun = new EventEmitter()
  private readonly gone = new EventEmitter()
  private readonly ended: Promise<unknown>

  private constructor(
    private readonly keeper: ChildProcess,
    readonly folder: string,
  ) {
    this.ended = once(keeper, 'exit')
    keeper.on('message', (told) => this.hear(told as Told))
  }

  /** `folder` is removed at the end. */
  static keep(folder: string): KafkaProcesses {
    // A group of its own: Ctrl-C must end the tests and leave the keeper to clean up. execArgv: none of Jest's.
    const keeper = fork(keeperFile, [folder], {
      detached: true,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    return new KafkaProcesses(keeper, folder)
  }

  /** @param env instead of this process's own */
  async start(name: string, command: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<void> {
    if (this.running.has(name)) throw new Error(`${name} runs already`)
    const begun = once(this.begun, name) as Promise<[number]>
    const gone = once(this.gone, name).then(([exit]) => exit as KafkaExit)
    this.keeper.send({ name, command, args, env })
    const pid = await this.whileKept(Promise.race([begun.then(([pid]) => pid), gone.then(refuse)]))
    this.processes.set(name, { pid, gone })
  }

  isRunning(name: string): boolean {
    return this.running.has(name)
  }

  pid(name: string): number {
    return this.of(name).pid
  }

  signal(name: string, signal: NodeJS.Signals): void {
    if (!this.running.has(name)) throw new Error(`${name} does not run`)
    process.kill(this.of(name).pid, signal)
  }

  /** Settles when the process is gone. */
  async exit(name: string): Promise<KafkaExit> {
    return await this.whileKept(this.of(name).gone)
  }

  /** The end of what all runs under `name` have written. */
  async log(name: string): Promise<string> {
    return (await readFile(join(this.folder, `${name}.log`), 'utf8').catch(() => '')).slice(-tailChars)
  }

  /** Kills all that runs and removes the folder. */
  async end(): Promise<void> {
    if (this.keeper.connected) this.keeper.disconnect()
    await this.ended
  }

  private hear({ name, ...told }: Told): void {
    if ('pid' in told) {
      this.running.add(name)
      this.begun.emit(name, told.pid)
    } else {
      this.running.delete(name)
      this.gone.emit(name, told)
    }
  }

  private of(name: string): Process {
    const process = this.processes.get(name)
    if (!process) throw new Error(`${name} was never started`)
    return process
  }

  private async whileKept<T>(settled: Promise<T>): Promise<T> {
    const ended = this.ended.then(() => {
      throw new Error('the keeper is gone')
    })
    return await Promise.race([settled, ended])
  }
}

function refuse({ code, signal, fault }: KafkaExit): never {
  throw new Error(`not started: ${fault ?? `code ${code}, signal ${signal}`}`)
}
