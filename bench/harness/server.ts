import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { basename } from 'node:path'

import { request } from '../client/http-connection.js'
import { killAtExit, removeDirectory, temporaryDirectory } from './cleanup.js'
import { pause, within } from './deadline.js'
import { onCore } from './pinning.js'

export type ServerName = 'millrace' | 'nest' | 'nest-durable' | 'fastify' | 'floor'

export interface ServerProgram {
  readonly name: ServerName
  readonly entry: string
  readonly env: Readonly<Record<string, string>>
  /** Answers 200 when the server is ready. The do-nothing servers have no such route: ready is when they answer at all. */
  readonly readyPath?: string
  /** It is a member of a group, which gives it up when it is not heard of: it may not be suspended. */
  readonly staysAwake?: boolean
}

const startLimitMs = 60_000
const stopLimitMs = 30_000

/** A program under test, alone in its process and on its core. */
export class Server {
  private constructor(
    readonly name: ServerName,
    readonly port: number,
    readonly dataDir: string,
    /** From spawn to the first answer that says ready. */
    readonly readyInMs: number,
    private readonly child: ChildProcess,
    private readonly staysAwake: boolean,
  ) {}

  /** Starts `program` on a free port, over `dataDir` if given, else over a new directory. */
  static async start(
    program: ServerProgram,
    core: number | undefined,
    dataDir = temporaryDirectory(),
  ): Promise<Server> {
    const port = await freePort()
    const [command, args] = onCore(core, process.execPath, [program.entry])
    const address = { HOST: '127.0.0.1', PORT: String(port), DATA_DIR: dataDir, NODE_ENV: 'production' }
    const startedAt = performance.now()
    const child = spawn(command, args, {
      // Topics belong to the data as a directory does: new ones with a new one.
      env: { ...process.env, KAFKA_PREFIX: basename(dataDir), ...program.env, ...address },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    killAtExit(child)
    let errors = ''
    child.stderr.on('data', (text: Buffer) => (errors = (errors + text.toString()).slice(-2_000)))
    const ready = untilReady(child, port, program.readyPath)
    await within(startLimitMs, `start of ${program.name}`, ready).catch((cause: unknown) => {
      child.kill('SIGKILL')
      throw new Error(`${program.name} did not start: ${errors.trim()}`, { cause })
    })
    return new Server(program.name, port, dataDir, performance.now() - startedAt, child, program.staysAwake === true)
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.name} has no process`)
    return this.child.pid
  }

  /** Takes the CPU from a server whose turn it is not, so that work it puts off is not done at another's cost. */
  suspend(): void {
    if (!this.staysAwake) this.child.kill('SIGSTOP')
  }

  resume(): void {
    this.child.kill('SIGCONT')
  }

  /** Ends the process and waits for its end; the data stay. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const exited = once(this.child, 'exit')
    this.resume()
    this.child.kill(signal)
    await within(stopLimitMs, `stop of ${this.name}`, exited)
  }

  async stopAndRemove(): Promise<void> {
    await this.stop()
    removeDirectory(this.dataDir)
  }
}

async function untilReady(child: ChildProcess, port: number, path = '/'): Promise<void> {
  const anyAnswer = path === '/'
  while (child.exitCode === null && child.signalCode === null) {
    const status = await request(port, 'GET', path).then(
      (reply) => reply.status,
      () => 0,
    )
    if (status === 200 || (anyAnswer && status > 0)) return
    await pause(5)
  }
  throw new Error(`exited with ${child.exitCode ?? child.signalCode}`)
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
