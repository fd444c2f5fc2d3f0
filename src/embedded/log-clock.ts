/**
 * The log's time in ms since 1970: the wall clock's at start, or what the log already holds if that is later, moved on by the monotonic
 * clock. So it never stands still, and a wall clock that jumps while the server runs expires nothing early.
 */
export class LogClock {
  private readonly origin: number

  constructor(last: number) {
    this.origin = Math.max(Date.now(), last) - performance.now()
  }

  now(): number {
    return Math.floor(this.origin + performance.now())
  }
}
