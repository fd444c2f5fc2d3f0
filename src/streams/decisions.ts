import { randomUUID } from 'node:crypto'
import { Inject, Injectable } from '@nestjs/common'
import { ApiError } from '#libs/contract'
import type { Engine, Entry, Verdict } from '#libs/engine'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { ENGINE } from '../engine.token.js'
import { View } from '../view/view.js'

type Ticketed = Extract<Entry, { readonly ticket?: string }>

/** Verdicts that are the answer to a call as they stand. */
type Accepted = Extract<Verdict, { code: 'accepted' }>

/** Appends entries whose answer is the owner's to give, and waits for it: it comes with the commit that holds it. */
@Injectable()
export class Decisions {
  private readonly replica = randomUUID()
  private tickets = 0
  private readonly waiting = new Map<string, (verdict: Verdict) => void>()

  constructor(
    @Inject(ENGINE) private readonly engine: Engine,
    @Inject(CONFIG) private readonly config: Config,
    view: View,
  ) {
    view.applied.subscribe(({ verdicts }) => {
      for (const [ticket, verdict] of verdicts) this.waiting.get(ticket)?.(verdict)
    })
  }

  /**
   * Appends the entry and resolves with the owner's consent.
   * @throws ApiError with the owner's refusal; `append_unknown` if none of both comes in time
   */
  async decide(entry: Ticketed): Promise<Accepted> {
    const ticket = `${this.replica}:${++this.tickets}`
    const verdict = await this.wait(ticket, entry)
    if (verdict.code === 'accepted') return verdict
    const fields = verdict.code === 'producer_gap' ? { expected: verdict.expected } : {}
    throw new ApiError(verdict.code, { fields })
  }

  private wait(ticket: string, entry: Ticketed): Promise<Verdict> {
    return new Promise<Verdict>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new ApiError('append_unknown'))
      }, this.config.verdictTimeoutMs)
      this.waiting.set(ticket, resolve)
      this.engine.append(this.engine.partitionOf(entry.stream), { ...entry, ticket }).catch(reject)
      timer.unref()
    }).finally(() => this.waiting.delete(ticket))
  }
}
