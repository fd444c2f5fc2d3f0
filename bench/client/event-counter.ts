import type { Sink } from './sse-reader.js'

const dataField = Buffer.from('data: {')

/** Counts events by their data field and parses nothing: a client that parses 200,000 events/s takes a core for itself. */
export class EventCounter implements Sink {
  count = 0
  /** Runs of events that came in one piece: about as many as the server made writes. */
  pieces = 0
  lastAt = 0

  take(lines: Buffer): void {
    const before = this.count
    for (let at = lines.indexOf(dataField); at >= 0; at = lines.indexOf(dataField, at + dataField.length)) this.count++
    if (this.count === before) return
    this.pieces++
    this.lastAt = performance.now()
  }
}
