/** Counts what is held, in characters, for whoever has to wait while it is too much. */
export class Held {
  private chars = 0
  private isReleased = false
  private readonly waiting: (() => void)[] = []

  constructor(private readonly mostChars: number) {}

  take(chars: number): void {
    this.chars += chars
  }

  give(chars: number): void {
    this.chars -= chars
    this.wake()
  }

  /** Resolves when no more is held than may be. */
  async room(): Promise<void> {
    while (this.chars > this.mostChars && !this.isReleased)
      await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  /** Nobody waits for room any more. */
  release(): void {
    this.isReleased = true
    this.wake()
  }

  private wake(): void {
    for (const resolve of this.waiting.splice(0)) resolve()
  }
}
