import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { privateBytes } from './memory.js'
import { packageFolder } from './package-folder.js'
import { Server } from './server.js'
import { temporaryFolder } from './temp-folder.js'
import { until } from './until.js'

/** What the server has been through since the last settling. */
export interface Figures {
  /** How late the event loop was, beside the 10 ms of the measurement itself. */
  readonly loopDelayP99Ms: number
  readonly loopDelayMaxMs: number
  /**
   * Of the time that the server's main thread could have run, the part in which it got a CPU. The rest went to other processes, such
   * as tests that run at the same time: a time measured here, times this, is about that of a server with a CPU for itself.
   */
  readonly cpuShare: number
  /** The heap and what its objects hold outside of it, after a collection. */
  readonly liveBytes: number
}

/** A server that is measured. Linux only. */
export class ProbedServer {
  private ran = 0
  private waited = 0

  private constructor(
    readonly server: Server,
    private readonly file: string,
  ) {}

  static async start(env: Readonly<Record<string, string>> = {}): Promise<ProbedServer> {
    const file = join(await temporaryFolder(), 'figures.json')
    const nodeOptions = ['--expose-gc', '--import', join(packageFolder, 'test/support/server-probe.mjs')]
    const server = await Server.start({ env: { ...env, SERVER_PROBE_FILE: file }, nodeOptions })
    return new ProbedServer(server, file)
  }

  /** Lets the server free what it can. Before and after what is to be measured. */
  async settle(): Promise<Figures> {
    const cpuShare = this.cpuShare()
    const before = this.mark()
    process.kill(this.server.pid, 'SIGUSR2')
    await until('the server has settled', () => this.mark() !== before, 60_000)
    const figures = JSON.parse(readFileSync(this.file, 'utf8')) as Omit<Figures, 'cpuShare'>
    this.cpuShare()
    return { ...figures, cpuShare }
  }

  /** Private memory, once settling does not make it smaller. */
  async settledBytes(): Promise<number> {
    let bytes = Infinity
    for (let before = Infinity; bytes < 0.99 * before || bytes === Infinity;) {
      before = bytes
      await this.settle()
      bytes = privateBytes(this.server.pid)
    }
    return bytes
  }

  private mark(): string {
    return existsSync(this.file) ? (JSON.parse(readFileSync(this.file, 'utf8')) as { mark: string }).mark : ''
  }

  /** Since the last call. */
  private cpuShare(): number {
    const { pid } = this.server
    const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ').map(Number)
    const share = (ran - this.ran) / (ran - this.ran + waited - this.waited)
    this.ran = ran
    this.waited = waited
    return share
  }
}
