import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

import { afterTests } from './clean-up.js'
import { packageFolder } from './package-folder.js'

export interface StormReader {
  readonly path: string
  readonly lastEventId?: string
}

export interface StormReport {
  /** When each reader had its first event, in ms since all began to connect; ascending. */
  readonly times: readonly number[]
  /** Readers without one. */
  readonly faults: number
  readonly fault?: string
}

/** Readers by the thousand, in a process of their own. */
export class Storm {
  private readonly child: ChildProcess = fork(join(packageFolder, 'test/support/storm-client.mjs'))

  constructor() {
    afterTests(() => void this.child.kill('SIGKILL'))
  }

  /** Connects all at once; resolves when each has its first event or has failed. */
  async connect(port: number, readers: readonly StormReader[]): Promise<StormReport> {
    return (await this.ask({ port, readers })) as StormReport
  }

  async leave(): Promise<void> {
    await this.ask('leave')
  }

  private async ask(message: object | string): Promise<unknown> {
    const answer = once(this.child, 'message')
    this.child.send(message)
    return ((await answer) as unknown[])[0]
  }
}
