import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { afterTests } from './clean-up.js'
import { freePort } from './free-port.js'
import { request } from './http.js'
import { packageFolder } from './package-folder.js'
import { until } from './until.js'

const configFile = join(packageFolder, 'docker/haproxy.cfg')
const logLimit = 1024 * 1024

/** The distribution's HAProxy under the configuration of `docker/`, in front of two replicas on this machine. */
export class Balancer {
  private text = ''

  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {
    afterTests(() => this.stop())
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (this.text = (this.text + chunk).slice(-logLimit)))
  }

  /** Whether there is an HAProxy; if not, says that `spec` is skipped. */
  static isHere(spec: string): boolean {
    const isHere = spawnSync('haproxy', ['-v'], { env: environment() }).status === 0
    if (!isHere) process.stderr.write(`${spec}: skipped, no haproxy here\n`)
    return isHere
  }

  /** What HAProxy says of the configuration, and whether it takes it. */
  static check(): { readonly isValid: boolean; readonly output: string } {
    const env = environment({ LISTEN: '127.0.0.1:8080', REPLICA_1: '127.0.0.1:8081', REPLICA_2: '127.0.0.1:8082' })
    const { status, stdout, stderr } = spawnSync('haproxy', ['-c', '-f', configFile], { env, encoding: 'utf8' })
    return { isValid: status === 0, output: stdout + stderr }
  }

  /** One that listens. HAProxy takes both replicas for ready until a check has failed. */
  static async start(ports: readonly [number, number]): Promise<Balancer> {
    const address = `127.0.0.1:${await freePort()}`
    const [REPLICA_1, REPLICA_2] = ports.map((port) => `127.0.0.1:${port}`)
    const env = environment({ LISTEN: address, REPLICA_1, REPLICA_2 })
    const child = spawn('haproxy', ['-db', '-f', configFile], { env, stdio: ['ignore', 'pipe', 'ignore'] })
    const balancer = new Balancer(child, `http://${address}`)
    await until('the balancer answers', () => {
      if (child.exitCode !== null) throw new Error(`haproxy stopped with ${child.exitCode}: ${balancer.text}`)
      return request(`${balancer.url}/health/ready`, { timeoutMs: 2000 }).then(
        () => true,
        () => false,
      )
    })
    return balancer
  }

  /** Lines of its log, one for each request that is over. */
  get log(): readonly string[] {
    return this.text.split('\n')
  }

  /** How many requests to paths that begin with `path` went to a server of a backend, such as `calls/replica-1`. */
  served(server: string, path: string): number {
    return this.log.filter((line) => line.includes(` ${server} `) && line.includes(` ${path}`)).length
  }

  private async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    const gone = once(this.child, 'exit')
    this.child.kill('SIGKILL')
    await gone
  }
}

/** Debian keeps HAProxy where only root looks for programs. */
function environment(variables: Readonly<Record<string, string | undefined>> = {}): NodeJS.ProcessEnv {
  return { PATH: `${process.env.PATH ?? ''}:/usr/sbin`, MAX_CONNECTIONS: '1000', ...variables }
}
