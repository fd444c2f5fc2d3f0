import { encodeCursor, encodeEvent, encodeResults, type Reset } from '#libs/contract'
import type { StreamHeader } from '#libs/engine'
import type { Observable } from 'rxjs'
import type { Frame } from '../view/frames.js'
import { isOver, lastOf } from '../view/rows.js'
import { deletedFrame, endFrame, type View } from '../view/view.js'
import type { Source } from './source.js'

/** The results of one life of a stream. Positions are sequence numbers. */
export class StreamSource implements Source {
  constructor(
    private readonly view: View,
    private readonly header: StreamHeader,
  ) {}

  get live(): Observable<Frame> {
    return this.view.live(this.header.incarnation)
  }

  page(position: number, maxChars: number): { text: string; to: number } | undefined {
    const { incarnation } = this.header
    const runs = this.view.results.page(incarnation, position, maxChars)
    const [first, last] = [runs[0], runs.at(-1)]
    if (first === undefined || last === undefined) return this.trimmedToTheEnd(position)
    const gap = first.first > position + 1 ? this.trimmed(first.first, lastOf(last)) : ''
    const text = runs.map((run) => encodeResults(incarnation, run.first, run.lines)).join('')
    return { text: gap + text, to: lastOf(last) }
  }

  closing(): Buffer | undefined {
    const header = this.view.headers.get(this.header.id)
    if (header === undefined) return deletedFrame(this.header.incarnation).text
    // It lives again: the reader comes back with a cursor of the former life and is told so.
    if (header.incarnation !== this.header.incarnation) return Buffer.alloc(0)
    return isOver(header) ? endFrame(header).text : undefined
  }

  /** Nothing is kept behind `position`; if the stream was ahead of it, the reader is told what it has missed. */
  private trimmedToTheEnd(position: number): { text: string; to: number } | undefined {
    const header = this.view.headers.get(this.header.id)
    if (header?.incarnation !== this.header.incarnation || header.lastSeq <= position) return undefined
    return { text: this.trimmed(header.lastSeq + 1, header.lastSeq), to: header.lastSeq }
  }

  /** `read`: the newest result known of; where the stream is gone or lives again, its header says nothing about this life. */
  private trimmed(oldest: number, read: number): string {
    const header = this.view.headers.get(this.header.id)
    const latest = header?.incarnation === this.header.incarnation ? header.lastSeq : read
    return encodeReset(this.header.incarnation, { reason: 'trimmed', oldest, latest })
  }
}

/** Tells a reader that it cannot go on where it was; its id is the position before the oldest result there is. */
export function encodeReset(incarnation: string, reset: Reset): string {
  return encodeEvent({ id: encodeCursor(incarnation, reset.oldest - 1), name: 'reset', data: reset })
}
