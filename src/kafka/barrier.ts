import { ApiError } from '#libs/contract'
import type { Tail } from './tail.js'

/** Who may wait at one time. */
const MAX_WAITING = 10_000

type Waiter = (outcome: 'passed' | 'closed') => void

/**
 * Lets those pass who must be sure that the view has everything that was in a partition's commit log when they came. One question where
 * the log ends is under way at a time, and the next one serves all who come meanwhile.
 */
export class Barrier {
  /** When the view was last known to be complete, by the monotonic clock. */
  completeAt = -Infinity
  private waiting = new Set<Waiter>()
  private count = 0
  private isAsking = false

  /** @param end where the commit log ends, as of some time after the call; rejects when the engine closes */
  constructor(
    private readonly tail: Tail,
    private readonly end: () => Promise<number>,
    private readonly timeoutMs: number,
    private readonly closing: AbortSignal,
  ) {}

  /** @throws ApiError `view_behind` | `shutting_down` */
  async pass(): Promise<void> {
    if (this.closing.aborted) throw new ApiError('shutting_down')
    if (this.count >= MAX_WAITING) throw new ApiError('view_behind')
    this.count++
    try {
      await this.outcome()
    } finally {
      this.count--
    }
  }

  private outcome(): Promise<void> {
    return new Promise((resolve, reject) => {
      const group = this.waiting
      const timer = setTimeout(() => {
        group.delete(waiter)
        reject(new ApiError('view_behind'))
      }, this.timeoutMs)
      const waiter: Waiter = (outcome) => {
        clearTimeout(timer)
        if (outcome === 'passed') resolve()
        else reject(new ApiError('shutting_down'))
      }
      timer.unref()
      group.add(waiter)
      if (!this.isAsking) void this.ask()
    })
  }

  private async ask(): Promise<void> {
    this.isAsking = true
    while (this.waiting.size > 0) {
      const group = this.waiting
      this.waiting = new Set()
      const askedAt = performance.now()
      const passed = await this.reached()
      if (passed) this.completeAt = askedAt
      for (const waiter of group) waiter(passed ? 'passed' : 'closed')
    }
    this.isAsking = false
  }

  private async reached(): Promise<boolean> {
    try {
      const end = await this.end()
      return await this.tail.until(() => this.tail.hasReached(end), this.closing)
    } catch {
      return false
    }
  }
}
