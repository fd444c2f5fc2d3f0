import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterTests } from '../support/clean-up.js'
import { Client } from '../support/client.js'
import { freePort } from '../support/free-port.js'
import { request } from '../support/http.js'
import type { KafkaProcesses } from '../support/kafka-processes.js'
import { programOf } from '../support/package-folder.js'
import { until } from '../support/until.js'
import type { Ground } from './fault.js'

const startLimitMs = 60_000

/** A client waits a little longer than a replica takes to say that it does not know. */
const clientTimeoutMs = 25_000

/** Where one is asked for a stream, or what became of its view. */
const standing = /(?:In group \S+ with partitions ([0-9, ]+|none)\.|Not in group )/g

/** A replica as a process of its own, on a port and a data folder that it keeps over its restarts. */
export class Replica {
  readonly client: Client
  /** A fault that was given up starts nothing any more. */
  private isOver = false

  private constructor(
    private readonly processes: KafkaProcesses,
    readonly name: string,
    private readonly program: string,
    private readonly port: number,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    this.client = new Client(this.url, clientTimeoutMs)
    afterTests(async () => {
      this.isOver = true
      await this.kill()
    })
  }

  /** One that was not started yet. `name` is its own among all of a run. */
  static async prepare(ground: Ground, name: string, env: Readonly<Record<string, string>>): Promise<Replica> {
    const program = programOf(ground.programFolder)
    return new Replica(ground.processes, name, program, await freePort(), env)
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get dataDir(): string {
    return join(this.processes.folder, `${this.name}-data`)
  }

  get isRunning(): boolean {
    return this.processes.isRunning(this.name)
  }

  /** Starts the process and does not wait until it answers. */
  async launch(): Promise<void> {
    if (this.isOver) throw new Error(`${this.name} belongs to a fault that is over`)
    const { PATH = '', HOME = '' } = process.env
    const own = { HOST: '127.0.0.1', PORT: String(this.port), DATA_DIR: this.dataDir, NO_COLOR: '1' }
    await this.processes.start(this.name, process.execPath, [this.program], { PATH, HOME, ...own, ...this.env })
  }

  async ready(): Promise<void> {
    const answers = (): Promise<boolean> =>
      request(`${this.url}/health/ready`, { timeoutMs: 2000 }).then(
        ({ status }) => status === 200,
        () => false,
      )
    const check = async (): Promise<boolean> => {
      if (!this.isRunning) throw new Error(`${this.name} stopped before it was ready:\n${await this.log()}`)
      return await answers()
    }
    await until(`${this.name} is ready`, check, startLimitMs)
  }

  async start(): Promise<void> {
    await this.launch()
    await this.ready()
  }

  /** Settles when the process is gone; at once where none runs. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.isRunning) return
    this.processes.signal(this.name, signal)
    await this.processes.exit(this.name)
  }

  /** The process stands still and its connections stay open. */
  pause(): void {
    this.processes.signal(this.name, 'SIGSTOP')
  }

  resume(): void {
    this.processes.signal(this.name, 'SIGCONT')
  }

  /** The partitions that the group has given it, by its own word. */
  async partitions(): Promise<readonly number[]> {
    const [, partitions = 'none'] = [...(await this.output()).matchAll(standing)].at(-1) ?? []
    return partitions === 'none' ? [] : partitions.split(',').map(Number)
  }

  /** All it has written over all its lives. */
  async output(): Promise<string> {
    return await readFile(join(this.processes.folder, `${this.name}.log`), 'utf8')
  }

  private log(): Promise<string> {
    return this.processes.log(this.name)
  }
}
