import type { ErrorCode } from '#libs/contract'

import { attempt } from './attempt.js'
import type { Answer } from './attempt.js'
import { elapsed } from './elapsed.js'
import type { StreamHistory } from './history.js'
import type { Route, Stage } from './stage.js'

/** How a client sends: once and for all, or so that it can try again until it knows. */
export type WriterKind = 'single' | 'ndjson' | 'key' | 'key-ndjson' | 'producer' | 'producer-ndjson'

export const writerKinds: readonly WriterKind[] = [
  'single',
  'ndjson',
  'key',
  'key-ndjson',
  'producer',
  'producer-ndjson',
]

interface Message {
  readonly values: readonly string[]
  readonly headers: Readonly<Record<string, string>>
}

const firstProducerSeq = 0
const attemptLimit = 100

/** One client of one stream. It sends one message after the other, as fast as they are acked, until the stream or the run is over. */
export class KillWriter {
  private count = 0
  private producerSeq = firstProducerSeq
  private isDone = false
  private lastAcked: Message | undefined
  private generation = 0
  private readonly route: Route

  constructor(
    private readonly stage: Stage,
    private readonly stream: StreamHistory,
    private readonly kind: WriterKind,
    private readonly name: string,
  ) {
    this.route = stage.route()
  }

  async run(): Promise<void> {
    while (!this.stage.isOver && !this.isDone) {
      await this.sendNext()
      await this.repeatLast()
      if (this.stage.paceMs > 0) await elapsed(this.stage.paceMs)
    }
  }

  private get isRepeatable(): boolean {
    return this.kind !== 'single' && this.kind !== 'ndjson'
  }

  private async sendNext(): Promise<void> {
    const { history } = this.stage
    const message = this.compose()
    const send = history.invoke(
      this.stream,
      this.name,
      message.values.map((value) => value.toUpperCase()),
    )
    let mayExist = false
    for (let attempts = 1; ; attempts++) {
      const answer = await this.transmit(message)
      if (answer.outcome === 'acked') {
        history.settle(send, 'acked')
        this.lastAcked = message
        this.producerSeq++
        return
      }
      mayExist ||= answer.outcome === 'unknown'
      if (!answer.mayRetry) this.isDone = true
      if (!answer.mayRetry || !this.isRepeatable || attempts === attemptLimit) {
        if (attempts === attemptLimit) history.anomalies.push(`${this.name}: not answered in ${attempts} attempts`)
        history.settle(send, mayExist ? 'unknown' : 'refused')
        if (!this.isDone) await this.route.next()
        return
      }
      await this.route.next()
    }
  }

  /** Sometimes, and after every restart, sends again what was acked: the answer may have been lost on its way, for all the server knows. */
  private async repeatLast(): Promise<void> {
    const isBack = this.generation !== this.stage.generation
    this.generation = this.stage.generation
    if (!this.lastAcked || !this.isRepeatable || !(isBack || this.stage.random.chance(0.05))) return
    for (let attempts = 1; attempts <= attemptLimit; attempts++) {
      const answer = await this.transmit(this.lastAcked)
      if (answer.outcome === 'acked' && answer.body.duplicate !== true) {
        this.stage.history.anomalies.push(`${this.name}: a repeated send was taken for a new one`)
      }
      if (answer.outcome === 'acked' || !answer.mayRetry) return
      await this.route.next()
    }
  }

  private compose(): Message {
    const { random } = this.stage
    const n = this.count++
    const records = this.kind.endsWith('ndjson') ? random.int(1, 8) : 1
    // Frames of many lengths, so that cuts and page limits fall everywhere.
    const padding = () => 'x'.repeat(random.chance(0.05) ? random.int(0, 4000) : random.int(0, 40))
    const values = Array.from({ length: records }, (_, index) => `${this.name}/${n}/${index}/${padding()}`)
    const producer = {
      'producer-id': this.name,
      'producer-epoch': '0',
      'producer-seq': String(this.producerSeq),
    }
    if (this.kind.startsWith('key')) return { values, headers: { 'idempotency-key': `${this.name}-${n}` } }
    return { values, headers: this.kind.startsWith('producer') ? producer : {} }
  }

  private transmit({ values, headers }: Message): Promise<Answer> {
    const { history, random } = this.stage
    const { client } = this.route
    // A client that hangs up and asks again meets its own first try, still on its way.
    const hangUp = new AbortController()
    if (this.isRepeatable && random.chance(0.02)) setImmediate(() => hangUp.abort())
    const call = this.kind.endsWith('ndjson')
      ? client.ndjson(this.stream.id, values, headers, hangUp.signal)
      : client.send(this.stream.id, values[0], headers, hangUp.signal)
    // The end may overtake a send that is on its way through another replica.
    const closed = (): ErrorCode[] => (this.stream.isEnded ? ['stream_closed', 'stream_closing'] : [])
    return attempt(history, call, closed)
  }
}
