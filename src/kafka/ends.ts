import { setTimeout as wait } from 'node:timers/promises'
import type { Broker, Extent } from './broker.js'

/** Before it is asked again where the logs end, when that could not be had. */
const RETRY_MS = 50

/** Where the commit logs end. One question is under way at a time, and the next one serves all who ask meanwhile. */
export class Ends {
  private asking: Promise<readonly Extent[]> | undefined
  private next: Promise<readonly Extent[]> | undefined

  constructor(
    private readonly broker: Broker,
    private readonly closing: AbortSignal,
  ) {}

  /** The extent of every partition, as of some time after the call. Tries until the engine closes. */
  async ask(): Promise<readonly Extent[]> {
    if (this.asking === undefined) return this.begin()
    // What is under way was asked before: it may not know of what was appended since.
    this.next ??= this.asking.then(() => {
      this.next = undefined
      return this.begin()
    })
    return this.next
  }

  private begin(): Promise<readonly Extent[]> {
    this.asking = this.attempt().finally(() => (this.asking = undefined))
    return this.asking
  }

  private async attempt(): Promise<readonly Extent[]> {
    for (;;) {
      try {
        return await this.broker.extents('commits')
      } catch (error) {
        if (this.closing.aborted) throw error
      }
      await wait(RETRY_MS, undefined, { ref: false })
    }
  }
}
