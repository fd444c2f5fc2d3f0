import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common'
import { SchedulerRegistry } from '@nestjs/schedule'
import type { Engine, StreamHeader } from '#libs/engine'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { ENGINE } from '../engine.token.js'
import { isOver } from './rows.js'
import { View } from './view.js'

/** Between passes; shorter where results are kept for less than ten minutes. */
const INTERVAL_MS = 60_000

/** Rows looked at or removed before the event loop gets a turn. */
const SLICE = 200

/** Removes what is older than its retention from the local store: results, streams that are over, lifecycle events. */
@Injectable()
export class Retention implements OnApplicationBootstrap {
  private readonly logger = new Logger('Retention')
  private pass: Promise<void> | undefined
  private stopped = false

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(ENGINE) private readonly engine: Engine,
    private readonly view: View,
    private readonly scheduler: SchedulerRegistry,
  ) {}

  onApplicationBootstrap(): void {
    const ms = Math.min(INTERVAL_MS, Math.ceil(this.config.resultRetentionMs / 10))
    const interval = setInterval(() => void this.run(this.engine.now()), ms)
    interval.unref()
    this.scheduler.addInterval('retention', interval)
  }

  /** Resolves when nothing more is removed. */
  async stop(): Promise<void> {
    this.stopped = true
    await this.pass
  }

  /** One pass at log time `now` (ms since 1970); passes do not overlap. */
  async run(now: number): Promise<void> {
    this.pass ??= this.trim(now)
      .catch((error: unknown) => {
        this.logger.error({ message: 'retention pass failed', error: String(error) })
      })
      .finally(() => (this.pass = undefined))
    await this.pass
  }

  private async trim(now: number): Promise<void> {
    await this.inSlices(() => this.view.lifecycle.trim(now - this.config.resultRetentionMs, SLICE))
    for (let after: string | undefined = ''; after !== undefined && !this.stopped;)
      after = await this.trimStreams(after, now)
    await this.inSlices(() => this.collectGarbage())
  }

  /** Looks at the next streams in id order; says where to go on. */
  private async trimStreams(after: string, now: number): Promise<string | undefined> {
    const headers = this.view.headers.page(after, SLICE)
    const oldest = ({ settings }: StreamHeader): number => now - settings.retentionMs
    const gone = headers.filter((header) => isOver(header) && (header.closedAt ?? 0) < oldest(header))
    if (gone.length > 0)
      await this.view.tidy(() => {
        for (const header of gone) this.view.forget(header)
      })
    for (const header of headers) {
      // Most streams have nothing to trim, and a transaction costs a sync.
      const { incarnation, lastSeq } = header
      if ((this.view.results.timeOf(incarnation, 0) ?? Infinity) < oldest(header))
        await this.inSlices(() => this.view.results.trim(incarnation, lastSeq, oldest(header), SLICE))
    }
    await nextTurn()
    return headers.length < SLICE ? undefined : headers.at(-1)?.id
  }

  /** Removes rows of lives of streams that are gone, at most a slice of them; says how many. */
  private collectGarbage(): number {
    let removed = 0
    for (const key of this.view.garbage.getKeys({ limit: SLICE })) {
      const room = SLICE - removed
      const rows = this.view.removeSome(key.toString('hex'), room)
      if (rows === room) return SLICE
      void this.view.garbage.remove(key)
      removed += rows + 1
      if (removed === SLICE) break
    }
    return removed
  }

  private async inSlices(slice: () => number): Promise<void> {
    for (let removed = SLICE; removed >= SLICE && !this.stopped;) {
      const made = await this.view.tidy(() => {
        removed = slice()
      })
      // Another process owns the store: what this one sees there is not its to remove, and would be seen again for ever.
      if (!made) this.stopped = true
      await nextTurn()
    }
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
