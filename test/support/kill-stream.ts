import { attempt } from './attempt.js'
import type { StreamHistory } from './history.js'
import { KillWriter } from './kill-writer.js'
import type { WriterKind } from './kill-writer.js'
import { SseReader } from './sse-reader.js'
import type { SseReaderOptions } from './sse-reader.js'
import type { Stage } from './stage.js'
import { until } from './until.js'

/** One stream of a kill run with the clients that write and read it. */
export class KillStream {
  private readonly writers: Promise<void>[] = []
  readonly readers: SseReader[] = []
  private ending: Promise<void> | undefined

  /** A stream that is started already, with nobody there. */
  constructor(
    private readonly stage: Stage,
    readonly history: StreamHistory,
  ) {}

  /** Starts the stream on the server, with a writer of each of `kinds`, a reader that stops at the end, and one that asks for the 204. */
  static async open(stage: Stage, id: string, kinds: readonly WriterKind[]): Promise<KillStream> {
    const incarnation = await startStream(stage, id)
    const stream = new KillStream(stage, stage.history.open(id, incarnation))
    for (const kind of kinds) stream.write(kind)
    stream.read()
    stream.read({ stopAt: '204' })
    return stream
  }

  get isWritten(): boolean {
    return this.writers.length > 0
  }

  get isEnded(): boolean {
    return this.history.isEnded
  }

  /** One more client that sends. */
  write(kind: WriterKind): void {
    const name = this.stage.history.name(`${this.history.id}/${kind}`)
    this.writers.push(this.stage.history.background(new KillWriter(this.stage, this.history, kind, name).run()))
  }

  /** One more reader, from the first result on. */
  read(options: SseReaderOptions = {}): void {
    const server = this.stage.readerUrl()
    const url = (): string => `${server()}/stream/${this.history.id}/results`
    // Seldom enough not to take the processor from a server that starts.
    const reader = new SseReader(url, { reconnectMs: 100, ...options })
    this.readers.push(reader)
    this.history.readers.push({
      name: `reader ${this.readers.length}`,
      events: reader.events,
      receivedAt: reader.receivedAt,
    })
  }

  /** Lets the connections of some readers break, wherever they are, and stops others from reading or lets them go on. */
  disturb(): void {
    const { random } = this.stage
    for (const reader of this.readers) {
      reader.resume()
      if (random.chance(0.4)) reader.cut(random.int(0, 2000))
      else if (random.chance(0.3)) reader.pause()
    }
  }

  /** Ends the stream, through kills if need be: the call may be repeated. */
  end(): Promise<void> {
    this.history.isEnded = true
    this.ending ??= this.stage.history.background(this.askForEnd())
    return this.ending
  }

  async writersDone(): Promise<void> {
    await Promise.all(this.writers)
  }

  /** The readers stop where they are, and are no longer expected to see the end. */
  leave(): void {
    for (const reader of this.readers) reader.close()
    this.history.readers.length = 0
  }

  /** Ends the stream, waits until the readers it has and one that begins now have it all. */
  async drain(drainMs = 30_000): Promise<void> {
    await Promise.all([this.end(), this.writersDone()])
    this.read()
    for (const reader of this.readers) reader.resume()
    // A reader that gets stuck is the checker's to find; the wait is over when it is clear that it is.
    await until('', () => this.readers.every((reader) => reader.stop), drainMs).catch(() => undefined)
    for (const [index, { stop }] of this.readers.entries()) {
      if (stop !== 'end' && stop !== '204') {
        this.stage.history.anomalies.push(`${this.history.id}, reader ${index + 1}: ${stop ?? 'did not stop'}`)
      }
    }
  }

  private async askForEnd(): Promise<void> {
    const route = this.stage.route()
    for (;;) {
      const { outcome, mayRetry } = await attempt(this.stage.history, route.client.end(this.history.id))
      if (outcome === 'acked' || !mayRetry) return
      await route.next()
    }
  }
}

async function startStream(stage: Stage, id: string): Promise<string> {
  const route = stage.route()
  for (;;) {
    const { outcome, body } = await attempt(stage.history, route.client.start(id), () => ['stream_exists'])
    if (outcome === 'acked') return String(body.incarnation)
    if (body.code === 'stream_exists') {
      // An attempt that a kill left unanswered did start it.
      const known = await attempt(stage.history, route.client.describe(id))
      if (known.outcome === 'acked') return String(known.body.incarnation)
    }
    await route.next()
  }
}
