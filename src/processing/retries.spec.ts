import fc from 'fast-check'
import type { Commit, RetryIdentity, StreamHeader, Verdict } from '#libs/engine'
import { lifeOf, settings } from '../../test/support/entries.js'
import { FedView } from '../../test/support/fed-view.js'
import { announcedSeed } from '../../test/support/random.js'
import { Draft } from './draft.js'
import { judgeRetry } from './retries.js'

const DAY_MS = 24 * 3_600_000
const REMEMBERED = 1_024

interface Send {
  readonly retry: RetryIdentity
  /** Log time since the send before. */
  readonly laterMs: number
}

const incarnation = lifeOf('s')
const accepted = (duplicate: boolean): Verdict => ({ code: 'accepted', incarnation, duplicate })

/** What the documentation promises, as simply as it can be written. */
class Model {
  private remembered: { name: string; number: number; at: number; hash: string; epoch: number; seq: number }[] = []
  private firsts = 0

  judge({ retry }: Send, at: number): Verdict {
    const name = 'key' in retry ? `key ${retry.key}` : `producer ${retry.producer}`
    const known = this.remembered.filter((one) => one.at > at - DAY_MS).find((one) => one.name === name)
    if ('key' in retry) {
      if (known !== undefined) return known.hash === retry.hash ? accepted(true) : { code: 'idempotency_key_reused' }
      this.remember({ name, at, hash: retry.hash, epoch: 0, seq: 0 })
      return accepted(false)
    }
    if (known !== undefined && retry.epoch < known.epoch) return { code: 'producer_fenced' }
    const expected = known?.epoch === retry.epoch ? known.seq + 1 : 0
    if (retry.seq > expected) return { code: 'producer_gap', expected }
    if (retry.seq < expected) return accepted(true)
    this.remember({ name, at, hash: '', epoch: retry.epoch, seq: retry.seq })
    return accepted(false)
  }

  /** Of the newest 1,024 sends that were taken, a producer's newest stands for it. */
  private remember(one: Omit<(typeof this.remembered)[number], 'number'>): void {
    const number = this.firsts++
    const others = this.remembered.filter(({ name }) => name !== one.name)
    this.remembered = [...others, { ...one, number }].filter((memory) => memory.number > number - REMEMBERED)
  }
}

/** The real thing: a draft on a view; each `every` sends become a commit, which is written to the disk now and then. */
class Real {
  private header: StreamHeader
  private draft: Draft
  private n = 0

  constructor(
    private readonly fed: FedView,
    private readonly every: number,
  ) {
    const lastInput = { offset: 0, records: 0 }
    const retries = { oldest: 0, next: 0 }
    const times = { startedAt: 0, activeAt: 0 }
    this.header = { id: 's', incarnation, settings, status: 'open', lastSeq: 0, lastInput, retries, ...times }
    this.draft = new Draft(fed.view)
    this.draft.start(this.header, undefined)
  }

  async judge({ retry }: Send, at: number): Promise<Verdict> {
    const { verdict, header } = judgeRetry(this.draft, this.header, retry, at)
    this.header = header
    this.draft.change(header)
    if (++this.n % this.every === 0) await this.commit()
    return verdict
  }

  /** Rows there are for the stream: what is forgotten must go. */
  get rows(): number {
    return this.header.retries.next - this.header.retries.oldest
  }

  private async commit(): Promise<void> {
    const commit: Commit = this.draft.commit({ partition: 0, epoch: 1 }, { n: this.n, to: this.n, at: this.n })
    const { view } = this.fed
    view.apply(commit, this.n)
    this.draft = new Draft(view)
    if (this.n % (this.every * 4) !== 0) return
    await view.store.transact('fed', 1, () => {
      view.write([commit])
    })
    view.settle(commit)
  }
}

const key = fc.record({ key: fc.constantFrom('a', 'b', 'c'), hash: fc.constantFrom('1', '2') })
const producer = fc.record({ producer: fc.constantFrom('p', 'q'), epoch: fc.nat(2), seq: fc.nat(4) })
const laterMs = fc.oneof({ weight: 9, arbitrary: fc.nat(1_000) }, { weight: 1, arbitrary: fc.nat(2 * DAY_MS) })
const sends = fc.array(fc.record({ retry: fc.oneof(key, producer), laterMs }), { maxLength: 80 })

describe('a retried send', () => {
  it('is judged as a naive memory of all sends would judge it', async () => {
    const seed = announcedSeed('retries.spec')
    await fc.assert(
      fc.asyncProperty(sends, fc.integer({ min: 1, max: 9 }), async (steps, every) => {
        const [real, model] = [new Real(await FedView.open(), every), new Model()]
        let at = 0
        for (const step of steps) {
          at += step.laterMs
          expect(await real.judge(step, at)).toEqual(model.judge(step, at))
        }
      }),
      { seed, numRuns: 60 },
    )
  }, 60_000)

  it('is recognised among the last 1,024 and not beyond, and what is forgotten is not kept', async () => {
    const [real, model] = [new Real(await FedView.open(), 50), new Model()]
    // Round and round, with a producer between: a key comes back just before or just after it is forgotten.
    const retryOf = (index: number, keys: number): RetryIdentity =>
      index % 5 === 4
        ? { producer: `p${index % 3}`, epoch: index, seq: 0 }
        : { key: `k${index % keys}`, hash: `${index % keys}` }
    const verdicts: Verdict[] = []
    const expected: Verdict[] = []
    for (const keys of [1_015, 1_030])
      for (let index = 0; index < 1_400; index++) {
        const send = { retry: retryOf(index, keys), laterMs: 1 }
        verdicts.push(await real.judge(send, index))
        expected.push(model.judge(send, index))
      }
    expect(verdicts).toEqual(expected)
    expect(new Set(expected.map((verdict) => JSON.stringify(verdict))).size).toBeGreaterThan(2)
    expect(real.rows).toBeLessThanOrEqual(REMEMBERED)
  }, 60_000)
})
