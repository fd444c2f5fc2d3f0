import { Observable, Subject } from 'rxjs'

/**
 * Text for everyone who reads a feed live, encoded once. It continues from the position `after`; who has read it stands at `to`.
 * Frames are already stored, so dropping one costs a read, never a result.
 */
export interface Frame<Position = number> {
  readonly after: Position
  readonly to: Position
  readonly text: Buffer
  /** Nothing comes behind it: the connection closes. */
  readonly last: boolean
}

/** Subjects keyed by feed (a stream's incarnation), one for each that has live readers here, gone with the last of them. */
export class Frames {
  private readonly subjects = new Map<string, Subject<Frame>>()

  /** Frames of a feed from the moment of subscription, in the tick in which the view moves. */
  live(feed: string): Observable<Frame> {
    return new Observable((reader) => {
      const subject = this.subjects.get(feed) ?? new Subject<Frame>()
      this.subjects.set(feed, subject)
      const subscription = subject.subscribe(reader)
      return () => {
        subscription.unsubscribe()
        if (!subject.observed) this.subjects.delete(feed)
      }
    })
  }

  /** Emits the frame that `encode` makes; does not call it when nobody reads. */
  emit(feed: string, encode: () => Frame): void {
    this.subjects.get(feed)?.next(encode())
  }
}
