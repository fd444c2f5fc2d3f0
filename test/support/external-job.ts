import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { afterTests } from './clean-up.js'
import { pythonKafkaEnv } from './kafka-python.js'
import { packageFolder } from './package-folder.js'

const program = join(packageFolder, 'test/kafka/external-job.py')

/** `it`, for what needs the job in Python: it is skipped where the machine has no Python or no pip. */
export const itWithPython = spawnSync('python3', ['-m', 'pip', '--version']).status === 0 ? it : it.skip

/** The job of `test/kafka/external-job.py`, in a process of its own: it can be killed, and another one started in its place. */
export class ExternalJob {
  private output = ''

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text))
    afterTests(() => this.kill())
  }

  static async start(prefix: string): Promise<ExternalJob> {
    const args = [program, process.env.KAFKA_BROKERS ?? '', prefix]
    const env = await pythonKafkaEnv()
    return new ExternalJob(spawn('python3', args, { env, stdio: ['ignore', 'pipe', 'pipe'] }))
  }

  /** At once, whatever it is doing. @throws Error if it had ended by itself */
  async kill(): Promise<void> {
    const { child } = this
    if (child.signalCode !== null) return
    if (child.exitCode !== null) throw new Error(`The job has ended by itself:\n${this.output.slice(-4_000)}`)
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}
