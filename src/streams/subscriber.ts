import { HEARTBEAT } from '#libs/contract'
import type { Subscription } from 'rxjs'
import type { Frame } from '../view/frames.js'
import type { Source } from './source.js'

/** Where a subscriber writes: an HTTP response. */
export interface Sink {
  write(chunk: string | Buffer): boolean
  once(event: 'drain', listener: () => void): unknown
  readonly writableLength: number
  readonly writableNeedDrain: boolean
}

/** Read from the store at once, in characters. */
const PAGE_CHARS = 65_536

const beat = Buffer.from(HEARTBEAT)

/**
 * One reader of a feed, a machine of two states. Catching up: read a page, write it, wait until it is gone. Live: take frames. It goes
 * live only when nothing is left to read, in the tick in which it subscribes; a frame that does not continue from its position, or a
 * socket over its budget, sends it back to catching up. Its position only moves forward, over what it wrote.
 */
export class Subscriber<Position = number> {
  private subscription: Subscription | undefined
  private waiting = false
  private stopped = false

  /** @param onEnd called once when the feed is over and everything of it was written */
  constructor(
    private readonly source: Source<Position>,
    private position: Position,
    private readonly sink: Sink,
    private readonly budgetBytes: number,
    private readonly onEnd: () => void,
  ) {}

  /** Writes the first block, then the feed. */
  start(opening: string): void {
    if (this.stopped) return
    this.sink.write(opening)
    this.catchUp()
  }

  stop(): void {
    this.stopped = true
    this.subscription?.unsubscribe()
  }

  /** Called at every heartbeat interval: shows the reader that the connection lives, unless something is on its way anyway. */
  heartbeat(): void {
    if (!this.stopped && this.sink.writableLength === 0) this.sink.write(beat)
  }

  private catchUp(): void {
    while (!this.stopped && !this.waitForDrain()) {
      const page = this.source.page(this.position, PAGE_CHARS)
      if (page === undefined) {
        this.arrive()
        return
      }
      this.write(page.text)
      this.position = page.to
    }
  }

  /** Nothing is left to read: the feed is over, or the reader is live from this tick on. */
  private arrive(): void {
    const closing = this.source.closing()
    if (closing !== undefined) this.end(closing)
    else
      this.subscription = this.source.live.subscribe((frame) => {
        this.take(frame)
      })
  }

  private take(frame: Frame<Position>): void {
    if (frame.after === this.position && this.sink.writableLength <= this.budgetBytes) {
      if (frame.last) this.end(frame.text)
      else {
        this.write(frame.text)
        this.position = frame.to
      }
      return
    }
    this.subscription?.unsubscribe()
    this.subscription = undefined
    this.catchUp()
  }

  private end(closing: Buffer): void {
    this.write(closing)
    this.stop()
    this.onEnd()
  }

  private write(chunk: string | Buffer): void {
    if (chunk.length > 0) this.sink.write(chunk)
  }

  /** Whether something is still unsent; catching up goes on when it is gone, in a turn of its own, so that readers take turns. */
  private waitForDrain(): boolean {
    if (!this.sink.writableNeedDrain) return false
    if (!this.waiting) {
      this.waiting = true
      this.sink.once('drain', () => {
        this.waiting = false
        setImmediate(() => {
          this.catchUp()
        })
      })
    }
    return true
  }
}
