import { setTimeout as wait } from 'node:timers/promises'

export interface LaneOptions {
  /** How long to gather after a batch was written, in ms, unless something is urgent. */
  readonly restMs: number
}

/**
 * Group commit: while one batch is being written the next one forms, so that under load many items share one transaction and its sync,
 * and a single item waits for nobody. `write` gets the items in the order they came, one batch at a time, and must not reject.
 */
export class Lane<T> {
  private readonly waiting: T[] = []
  private running: Promise<void> | undefined
  private batch: Promise<void> | undefined
  private rest = new AbortController()
  /** Callers that wait for the lane to be idle. */
  private hurries = 0
  /** An item of the batch that forms is urgent. */
  private urgent = false

  constructor(
    private readonly write: (batch: readonly T[]) => Promise<void>,
    private readonly options: LaneOptions = { restMs: 0 },
  ) {}

  /** @param urgent the item's batch is not rested for */
  add(item: T, urgent = false): void {
    this.waiting.push(item)
    if (urgent) {
      this.urgent = true
      this.rest.abort()
    }
    this.running ??= this.run()
  }

  /** Resolves when everything added so far was written, without a rest in between. */
  async idle(): Promise<void> {
    this.hurries++
    this.rest.abort()
    while (this.running !== undefined) await this.running
    this.hurries--
  }

  /** Resolves when the batch that is being written now, if there is one, was written. */
  async written(): Promise<void> {
    await this.batch
  }

  private get hurried(): boolean {
    return this.urgent || this.hurries > 0
  }

  private async run(): Promise<void> {
    // What the other sockets of this turn bring joins the first batch.
    await new Promise(setImmediate)
    while (this.waiting.length > 0) {
      this.urgent = false
      this.batch = this.write(this.waiting.splice(0))
      await this.batch
      this.batch = undefined
      if (this.options.restMs > 0 && !this.hurried) await this.pause(this.options.restMs)
    }
    this.running = undefined
  }

  private async pause(ms: number): Promise<void> {
    this.rest = new AbortController()
    await wait(ms, undefined, { signal: this.rest.signal }).catch(() => undefined)
  }
}
