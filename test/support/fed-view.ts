import { join } from 'node:path'

import type { CloseReason } from '#libs/contract'
import type { Commit, StreamHeader, StreamPatch } from '#libs/engine'
import { Store } from '../../src/view/store.js'
import { View } from '../../src/view/view.js'
import { afterTests } from './clean-up.js'
import { temporaryFolder } from './temp-folder.js'

/** One life of a stream, as the test knows it. */
export interface Life {
  header: StreamHeader
  /** Its results, the first has number 1. */
  readonly lines: string[]
  state: 'open' | 'ended' | 'deleted'
  /** The stream lives again: this life's results go. */
  replaced: boolean
}

/** A real view on a real store, fed with commits by hand: each is known at once, on the disk after `write`, out of memory after `settle`. */
export class FedView {
  readonly view: View
  private readonly unwritten: Commit[] = []
  private readonly unsettled: Commit[] = []
  private count = 0

  private constructor(private readonly store: Store) {
    store.transactNow(() => {
      store.meta.putSync('fed', Buffer.alloc(0), 1)
    })
    this.view = new View(store, 1)
    this.view.begin(0, 0, 0)
  }

  static async open(): Promise<FedView> {
    const store = new Store(join(await temporaryFolder(), 'store'))
    afterTests(() => store.close())
    return new FedView(store)
  }

  start(id: string, former?: Life): Life {
    const header: StreamHeader = {
      id,
      incarnation: (this.count + 1).toString(16).padStart(16, '0'),
      settings: { processor: 'identity', options: {}, idleTimeoutMs: 1000, retentionMs: 1000, labels: {} },
      status: 'open',
      lastSeq: 0,
      lastInput: { offset: 0, records: 0 },
      retries: { oldest: 0, next: 0 },
      startedAt: this.count,
      activeAt: this.count,
    }
    const replaces = former?.state === 'ended' && { replaces: former.header.incarnation }
    if (former !== undefined) former.replaced = true
    this.commit({ header, event: 'started', runs: [], ...replaces }, header)
    return { header, lines: [], state: 'open', replaced: false }
  }

  /** One commit with results, and at will with the life's end. */
  add(life: Life, runs: readonly (readonly string[])[], close?: 'ended' | 'deleted'): void {
    const numbered = runs.map((lines) => {
      const first = life.lines.length + 1
      life.lines.push(...lines)
      return { first, lines }
    })
    const reason: CloseReason = 'ended'
    life.header = { ...life.header, lastSeq: life.lines.length, ...(close && { status: 'ended', reason }) }
    life.state = close ?? life.state
    const event = close && { event: close }
    this.commit({ header: close === 'deleted' ? null : life.header, runs: numbered, ...event }, life.header)
  }

  async write(): Promise<void> {
    const commits = this.unwritten.splice(0)
    if (commits.length === 0) return
    await this.store.transact('fed', 1, () => {
      this.view.write(commits)
    })
    this.unsettled.push(...commits)
  }

  settle(): void {
    for (const commit of this.unsettled.splice(0)) this.view.settle(commit)
  }

  /** Retention: results up to number `upTo` go, row by row, as far as they are on the disk. */
  async trim({ header }: Life, upTo: number): Promise<void> {
    await this.store.transact('fed', 1, () => void this.view.results.trim(header.incarnation, upTo, Infinity, 1_000))
  }

  /** What a life that is over, or gone, left behind is removed, some rows at a time. */
  async clean({ header, state, replaced }: Life, rows: number): Promise<void> {
    if (state !== 'deleted' && !replaced) return
    await this.store.transact('fed', 1, () => void this.view.removeSome(header.incarnation, rows))
  }

  /** The number before the oldest result that can be read, or the newest's if none can. */
  trimmedTo({ header, lines }: Life): number {
    return (this.view.results.oldest(header.incarnation) ?? lines.length + 1) - 1
  }

  private commit(patch: Pick<StreamPatch, 'header' | 'runs' | 'event'>, { id, incarnation }: StreamHeader): void {
    const n = ++this.count
    const commit: Commit = {
      partition: 0,
      epoch: 1,
      n,
      to: n,
      at: n,
      streams: [{ id, incarnation, dedupe: [], ...patch }],
      verdicts: [],
    }
    this.view.apply(commit, n)
    this.unwritten.push(commit)
  }
}
