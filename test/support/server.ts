import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'

import { afterTests } from './clean-up.js'
import { engineEnv } from './engine-env.js'
import { freePort } from './free-port.js'
import { request } from './http.js'
import { programOf } from './package-folder.js'
import { temporaryFolder } from './temp-folder.js'
import { until } from './until.js'

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Default: a new temporary folder. */
  readonly dataDir?: string
  /** The folder that holds `package.json` and `dist`: this package's, or a mutant's. */
  readonly programFolder?: string
  /** A command to run the program under, such as `['prlimit', '--fsize=1000000']`. */
  readonly wrapper?: readonly string[]
  readonly nodeOptions?: readonly string[]
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const outputLimit = 4 * 1024 * 1024

// Of a start, which takes half a second and more.
const pollMs = 20

/** The built program in a child process: started, killed and started again on one port and one data folder. */
export class Server {
  private child: ChildProcess | undefined
  private gone: Promise<Exit> = Promise.resolve({ code: null, signal: null })
  private text = ''
  private readonly engineEnv = engineEnv()

  private constructor(
    private readonly options: ServerOptions,
    readonly dataDir: string,
    readonly workFolder: string,
    readonly port: number,
  ) {
    afterTests(async () => {
      await this.kill()
    })
  }

  /** A server that is not running yet; for tests of the start itself. */
  static async prepare(options: ServerOptions = {}): Promise<Server> {
    // Its own working folder, so that a developer's .env does not decide a test.
    const workFolder = await temporaryFolder()
    return new Server(options, options.dataDir ?? join(workFolder, 'data'), workFolder, await freePort())
  }

  /** A server that answers. */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const server = await Server.prepare(options)
    await server.restart()
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error('the server does not run')
    return this.child.pid
  }

  /** Settles when the process is gone, by itself or killed. */
  get exited(): Promise<Exit> {
    return this.gone
  }

  /** What all runs have written to stdout and stderr, in order of arrival. */
  get output(): string {
    return this.text
  }

  /** Starts the process and does not wait until it answers. */
  launch(): void {
    if (this.child) throw new Error('the server runs already')
    const { wrapper = [], nodeOptions = [], env = {}, programFolder } = this.options
    const program = [process.execPath, ...nodeOptions, programOf(programFolder)]
    const [command = process.execPath, ...args] = [...wrapper, ...program]
    const { PATH = '', HOME = '' } = process.env
    const child = spawn(command, args, {
      cwd: this.workFolder,
      env: {
        PATH,
        HOME,
        HOST: '127.0.0.1',
        PORT: String(this.port),
        DATA_DIR: this.dataDir,
        ...this.engineEnv,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A wrapper may stay the parent of the program: its own process group lets one kill reach both.
      detached: this.isWrapped,
    })
    this.child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (this.text = (this.text + chunk).slice(-outputLimit)))
    }
    this.gone = new Promise((settle, fail) => {
      child.once('error', fail)
      // `close` comes when wrapper and program both are gone, since both hold the pipes; `exit` when the program is.
      child.once(this.isWrapped ? 'close' : 'exit', (code, signal) => {
        this.child = undefined
        settle({ code, signal })
      })
    })
  }

  /** Waits until the running process says that it is ready. */
  async ready(timeoutMs = 60_000): Promise<void> {
    const child = this.child
    await until(
      'the server is ready',
      () => {
        if (!child || this.child !== child)
          throw new Error(`the server stopped before it was ready:\n${this.text.slice(-4000)}`)
        return request(`${this.url}/health/ready`, { timeoutMs: 2000 }).then(
          ({ status }) => status === 200,
          () => false,
        )
      },
      timeoutMs,
      pollMs,
    )
  }

  /** Same port, same data folder. */
  async restart(): Promise<void> {
    this.launch()
    await this.ready()
  }

  /** Sends `signal` and waits until the process is gone; at once where none runs. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    if (this.child?.pid !== undefined) {
      if (this.isWrapped) process.kill(-this.child.pid, signal)
      else this.child.kill(signal)
    }
    return await this.gone
  }

  private get isWrapped(): boolean {
    return (this.options.wrapper ?? []).length > 0
  }
}
