import type { ReceivedEvent } from './sse-reader.js'

/** acked: 2xx. refused: an error that says that nothing happened. unknown: no answer, or one that does not know. */
export type Outcome = 'pending' | 'acked' | 'refused' | 'unknown'

/** One send, with all its retries. Instants are of the history's own clock, which ticks at everything it records. */
export interface Send {
  readonly stream: string
  /** A client sends one at a time: its sends have an order. */
  readonly client: string
  /** The results that its records must have: strings, no two alike in a whole history. */
  readonly results: readonly string[]
  readonly invokedAt: number
  /** The same in ms of the monotonic clock. */
  readonly invokedMs: number
  settledAt: number
  outcome: Outcome
}

export interface StreamHistory {
  readonly id: string
  readonly incarnation: string
  readonly sends: Send[]
  readonly readers: ReaderHistory[]
  /** Whether anybody asked for the stream's end. */
  isEnded: boolean
  /** When its sends were acked, in ms of the monotonic clock: how long it took none. */
  readonly ackedAt: number[]
}

export interface ReaderHistory {
  readonly name: string
  /** All it received over all its connections; may still grow. */
  readonly events: readonly ReceivedEvent[]
  /** When each of them came, in ms of the monotonic clock. */
  readonly receivedAt?: readonly number[]
}

/** What a run did and saw: material for the checker, which knows nothing else. */
export class History {
  readonly streams = new Map<string, StreamHistory>()
  /** Replies that no promise allows, in words. */
  readonly anomalies: string[] = []
  acked = 0
  private readonly errors: { readonly at: number; readonly answer: string }[] = []
  private clock = 0
  private names = 0

  open(id: string, incarnation: string): StreamHistory {
    const stream: StreamHistory = { id, incarnation, sends: [], readers: [], isEnded: false, ackedAt: [] }
    this.streams.set(id, stream)
    return stream
  }

  /** For a client: no two of a history have one. */
  name(prefix: string): string {
    return `${prefix}-${++this.names}`
  }

  /** Lets `work` go on by itself; that it failed is for the checker to tell. */
  background(work: Promise<void>): Promise<void> {
    return work.catch((cause: unknown) => void this.anomalies.push(String(cause)))
  }

  /** Of one attempt: its status and code, or that there was none. */
  fail(answer: string): void {
    this.errors.push({ at: performance.now(), answer })
  }

  /** How often each of them was given since `instant`, in ms of the monotonic clock. */
  errorsSince(instant: number): Map<string, number> {
    const tally = new Map<string, number>()
    for (const { at, answer } of this.errors) {
      if (at >= instant) tally.set(answer, (tally.get(answer) ?? 0) + 1)
    }
    return tally
  }

  invoke(stream: StreamHistory, client: string, results: readonly string[]): Send {
    const instant = ++this.clock
    const send: Send = {
      stream: stream.id,
      client,
      results,
      invokedAt: instant,
      invokedMs: performance.now(),
      settledAt: Infinity,
      outcome: 'pending',
    }
    stream.sends.push(send)
    return send
  }

  settle(send: Send, outcome: Exclude<Outcome, 'pending'>): void {
    send.outcome = outcome
    send.settledAt = ++this.clock
    if (outcome !== 'acked') return
    this.acked++
    this.streams.get(send.stream)?.ackedAt.push(performance.now())
  }
}
