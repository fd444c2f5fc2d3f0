import type { ErrorCode } from '#libs/contract'

import { attempt } from '../support/attempt.js'
import type { Answer } from '../support/attempt.js'
import type { StreamHistory } from '../support/history.js'
import type { Replica } from './replica.js'
import type { World } from './world.js'

type Kind = 'key' | 'producer'

interface Message {
  readonly value: string
  readonly headers: Readonly<Record<string, string>>
}

/** One client of a stream of its own who sends everything several times, through several replicas. */
export class Retrier {
  private readonly sent: Message[] = []
  private readonly name: string

  constructor(
    private readonly world: World,
    private readonly stream: StreamHistory,
    private readonly kind: Kind,
  ) {
    this.name = `${stream.id}/${kind}`
  }

  /** Sends one message through all replicas at once, then once more through one of them: one is the first, all others duplicates. */
  async send(): Promise<void> {
    const { history, replicas, random } = this.world
    const message = this.compose()
    const send = history.invoke(this.stream, this.name, [message.value.toUpperCase()])
    const answers = await Promise.all(replicas.map((replica) => this.transmit(replica, message)))
    const isAcked = answers.some(({ outcome }) => outcome === 'acked')
    history.settle(send, isAcked ? 'acked' : 'unknown')
    this.sent.push(message)
    const firsts = answers.filter((answer) => answer.outcome === 'acked' && answer.body.duplicate !== true)
    if (firsts.length !== 1) this.surprise(message, `${firsts.length} of ${answers.length} were the first`)
    const [first, ...others] = replicas
    if (first) await this.repeat(message, random.pick([first, ...others]))
  }

  /** Everything again, through a replica that is picked anew for each. */
  async repeatAll(): Promise<void> {
    const [first, ...others] = this.world.replicas
    if (!first) return
    for (const message of this.sent) await this.repeat(message, this.world.random.pick([first, ...others]))
  }

  /** Sends what the owner has to refuse, through every replica at once: all must give its verdict. */
  async sendRefused(): Promise<void> {
    const last = this.sent.at(-1)
    if (last === undefined) return
    const { value } = last
    if (this.kind === 'key') await this.refused({ ...last, value: `${value}/other` }, 'idempotency_key_reused')
    else {
      const ahead = this.producer(this.sent.length + 5)
      for (const { body } of await this.refused({ value: `${value}/ahead`, headers: ahead }, 'producer_gap')) {
        if (body.expected !== this.sent.length) this.surprise(last, `expected ${String(body.expected)}`)
      }
    }
  }

  private compose(): Message {
    const n = this.sent.length
    const headers = this.kind === 'key' ? { 'idempotency-key': `${this.name}/${n}` } : this.producer(n)
    return { value: `${this.name}/${n}`, headers }
  }

  private producer(seq: number): Record<string, string> {
    return { 'producer-id': this.name, 'producer-epoch': '0', 'producer-seq': String(seq) }
  }

  private async repeat(message: Message, replica: Replica): Promise<void> {
    const { outcome, body } = await this.transmit(replica, message)
    if (outcome !== 'acked' || body.duplicate !== true) this.surprise(message, `repeated: ${JSON.stringify(body)}`)
  }

  private async refused(message: Message, code: ErrorCode): Promise<readonly Answer[]> {
    const { history, replicas } = this.world
    const send = history.invoke(this.stream, `${this.name}/refused`, [message.value.toUpperCase()])
    const answers = await Promise.all(replicas.map((replica) => this.transmit(replica, message, [code])))
    for (const { body } of answers)
      if (body.code !== code) this.surprise(message, `not ${code}: ${JSON.stringify(body)}`)
    history.settle(send, 'refused')
    return answers
  }

  private transmit({ client }: Replica, { value, headers }: Message, expected: ErrorCode[] = []): Promise<Answer> {
    return attempt(this.world.history, client.send(this.stream.id, value, headers), () => expected)
  }

  private surprise({ value }: Message, what: string): void {
    this.world.history.anomalies.push(`${value}: ${what}`)
  }
}
