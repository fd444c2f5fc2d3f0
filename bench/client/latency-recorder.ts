import type { Sink } from './sse-reader.js'

const numberField = Buffer.from('data":{"n":')

/**
 * Finds the number of each record in its result, without parsing, and notes how long after its due time it arrived. One serves all
 * readers, so that it holds one array.
 */
export class LatencyRecorder implements Sink {
  count = 0
  private readonly latencies: Float64Array

  /** @param dueAt when record n was due to be sent; @param first the first record that is noted, those before it being warm-up */
  constructor(
    private readonly dueAt: (n: number) => number,
    private readonly first: number,
    capacity: number,
  ) {
    this.latencies = new Float64Array(capacity)
  }

  take(lines: Buffer): void {
    const now = performance.now()
    for (let at = lines.indexOf(numberField); at >= 0; at = lines.indexOf(numberField, at)) {
      at += numberField.length
      let n = 0
      for (let digit = (lines[at] ?? 0) - 48; digit >= 0 && digit <= 9; digit = (lines[++at] ?? 0) - 48)
        n = n * 10 + digit
      if (n >= this.first) this.latencies[this.count++] = now - this.dueAt(n)
    }
  }

  /** In milliseconds, ascending. */
  sorted(): Float64Array {
    return this.latencies.subarray(0, this.count).sort()
  }
}
