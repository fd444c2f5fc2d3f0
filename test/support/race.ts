import type { OutgoingHttpHeaders } from 'node:http'

import type { Client } from './client.js'
import { isOnKafka } from './engine-env.js'
import type { Reply } from './http.js'
import type { Random } from './random.js'
import { until } from './until.js'

/** Answers that a send may get when its stream comes to an end beside it. */
const refusals: readonly unknown[] = ['stream_closed', 'stream_not_found']

/** A replica answers so where it cannot know that a send stands before its stream's seal. The embedded engine always knows. */
const unknown = 'append_unknown'

/** What was said of the records that senders sent while something else happened to the stream. */
export class Race {
  /** By value: how often a send of it was accepted and was not a duplicate; 0 if it was refused. */
  readonly accepted = new Map<string, number>()
  /** By value: how often a send of it was answered with an error that does not know. */
  private readonly unsure = new Map<string, number>()
  /** Sends that were answered 200. */
  acks = 0
  refused = 0
  unknown = 0
  private readonly surprises: string[] = []
  private sends = 0

  constructor(
    private readonly client: Pick<Client, 'send' | 'ndjson'>,
    readonly id: string,
    private readonly random: Random,
    /** Whether a send may be answered that it is not known. */
    private readonly mayBeUnknown = isOnKafka(),
  ) {}

  /** Sends one request after the other, in all forms there are; stops when `isOver` says so. */
  async sender(name: string, isOver: () => boolean, pauseMs: () => number = () => 0): Promise<void> {
    while (!isOver()) {
      const number = this.sends++
      const values = Array.from({ length: this.random.pick([1, 1, 1, 3]) }, (_, at) => `${name}/${number}/${at}`)
      const key = this.random.chance(0.3) ? { 'idempotency-key': `${name}/${number}` } : undefined
      // Who has a key may ask twice at once.
      const copies = key !== undefined && this.random.chance(0.5) ? 2 : 1
      for (const value of values) this.accepted.set(value, 0)
      await Promise.all(Array.from({ length: copies }, () => this.send(values, key ?? {})))
      const resume = performance.now() + pauseMs()
      await until('the pause is over', () => performance.now() >= resume)
    }
  }

  async afterAcks(count: number): Promise<void> {
    await until(`${count} sends are acked, or refused`, () => this.acks >= count || this.refused > 0)
  }

  /** How the results differ from what was said; nothing if every promise was kept. */
  violations(results: readonly unknown[], { isDeleted = false } = {}): string[] {
    const found = new Map<unknown, number>()
    for (const value of results) found.set(value, (found.get(value) ?? 0) + 1)
    const wrong = [...this.accepted].filter(([value, times]) => {
      const seen = found.get(value) ?? 0
      // A delete ends the promise for what was accepted, not the one for what was refused.
      return seen > times + (this.unsure.get(value) ?? 0) || (!isDeleted && seen < times)
    })
    const foreign = [...found.keys()].filter((value) => !this.accepted.has(value as string))
    return [
      ...this.surprises,
      ...wrong.map(([value, times]) => `${value}: accepted ${times} times, ${found.get(value) ?? 0} results`),
      ...foreign.map((value) => `${String(value)}: a result of nothing`),
    ]
  }

  private async send(values: readonly string[], headers: OutgoingHttpHeaders): Promise<void> {
    const isSingle = values.length === 1
    const reply = await (isSingle
      ? this.client.send(this.id, values[0], headers)
      : this.client.ndjson(this.id, values, headers))
    if (reply.status === 200) this.accept(values, reply)
    else if (this.mayBeUnknown && reply.body.code === unknown) {
      for (const value of values) this.unsure.set(value, (this.unsure.get(value) ?? 0) + 1)
      this.unknown++
    } else {
      this.refused++
      if (!refusals.includes(reply.body.code)) this.surprises.push(`a send was answered ${reply.text}`)
    }
  }

  private accept(values: readonly string[], { body }: Reply): void {
    this.acks++
    if (body.duplicate === true) return
    for (const value of values) this.accepted.set(value, (this.accepted.get(value) ?? 0) + 1)
  }
}
