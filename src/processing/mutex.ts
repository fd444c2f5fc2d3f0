/** Lets one at a time work on the commit that forms, in the order they come. */
export class Mutex {
  private held = false
  private readonly waiting: (() => void)[] = []

  async hold<T>(work: () => Promise<T>): Promise<T> {
    await this.acquire()
    try {
      return await work()
    } finally {
      this.release()
    }
  }

  /** Lets others have it until `outcome` is there. To be called by who holds it. */
  async withoutIt<T>(outcome: Promise<T>): Promise<T> {
    this.release()
    try {
      return await outcome
    } finally {
      await this.acquire()
    }
  }

  private async acquire(): Promise<void> {
    if (this.held) await new Promise<void>((resolve) => this.waiting.push(resolve))
    this.held = true
  }

  private release(): void {
    const next = this.waiting.shift()
    if (next === undefined) this.held = false
    else next()
  }
}
