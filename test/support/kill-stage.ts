import { ERRORS } from '#libs/contract'
import type { ErrorCode, ErrorRow } from '#libs/contract'

import { afterTests } from './clean-up.js'
import { Client } from './client.js'
import { History } from './history.js'
import type { Reply } from './http.js'
import type { Random } from './random.js'
import type { Server } from './server.js'
import { until } from './until.js'

/** What became of one attempt of a call. */
export interface Answer {
  readonly outcome: 'acked' | 'refused' | 'unknown'
  /** Whether the same attempt can do better later. */
  readonly mayRetry: boolean
  /** Empty where there was no reply. */
  readonly body: Reply['body']
}

// Under kills nothing else is allowed: a 500, or a 404 for a stream whose start was acked, is a fault.
const allowed: readonly ErrorCode[] = [
  'overloaded',
  'view_behind',
  'append_unknown',
  'shutting_down',
  'log_unavailable',
]

/** What the writers and readers of a kill run share: the server that comes and goes, and the history. */
export class KillStage {
  readonly client: Client
  /** No new sends: the run comes to its end. */
  isOver = false
  /** Grows at each restart. */
  generation = 0
  private isUp = true

  constructor(
    readonly server: Server,
    readonly random: Random,
    readonly history = new History(),
  ) {
    this.client = new Client(server.url)
    // After a failed test nothing may wait for a server that does not come back.
    afterTests(() => {
      this.isOver = true
      this.isUp = true
    })
  }

  goesDown(): void {
    this.isUp = false
  }

  isBack(): void {
    this.isUp = true
    this.generation++
  }

  /** Lets `work` go on by itself; that it failed is for the checker to tell. */
  background(work: Promise<void>): Promise<void> {
    return work.catch((cause: unknown) => void this.history.anomalies.push(String(cause)))
  }

  async up(): Promise<void> {
    await until('the server is back', () => this.isUp, 60_000)
  }

  /** Judges one attempt by what the client can know, and notes replies that should not be. `expected`: codes besides the usual. */
  async attempt(call: Promise<Reply>, expected: readonly ErrorCode[] = []): Promise<Answer> {
    try {
      const { status, body, text } = await call
      if (status === 200 && body.status === 'success') return { outcome: 'acked', mayRetry: false, body }
      const { code } = body
      const row: ErrorRow | undefined = isCode(code) ? ERRORS[code] : undefined
      const isFine = isCode(code) && row?.status === status && [...allowed, ...expected].includes(code)
      if (!isFine) this.history.anomalies.push(`${status} ${text.slice(0, 300)}`)
      return {
        outcome: row?.outcome === 'nothing-happened' ? 'refused' : 'unknown',
        mayRetry: row?.retry ?? true,
        body,
      }
    } catch (cause) {
      // Refused by the system: no byte of the request reached the program.
      const isRefused = (cause as NodeJS.ErrnoException).code === 'ECONNREFUSED'
      return { outcome: isRefused ? 'refused' : 'unknown', mayRetry: true, body: {} }
    }
  }
}

function isCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && code in ERRORS
}
