import { checkReader } from './checker-reader.js'
import { checkSends } from './checker-sends.js'
import type { History, StreamHistory } from './history.js'
import { brief } from './violation.js'
import type { Report, Violation } from './violation.js'

/**
 * Every breach of the promises in a finished run, in which all streams were ended and all readers were waited for: acked is
 * delivered, each record once, in order, on its stream and no other; what was refused is not; what is unknown at most once; sequence
 * numbers run from 1 without a hole; all readers of a stream have the same; `end` is last. Empty: the run kept them.
 */
export function check(history: History): Violation[] {
  const violations: Violation[] = history.anomalies.map((detail) => ({ kind: 'anomaly', stream: '', detail }))
  const streamOf = new Map<string, string>()
  for (const stream of history.streams.values()) {
    for (const send of stream.sends) for (const result of send.results) streamOf.set(result, stream.id)
  }
  for (const stream of history.streams.values()) {
    const report: Report = (kind, detail) => violations.push({ kind, stream: stream.id, detail })
    checkSends(stream, mergeReaders(stream, report), streamOf, report)
  }
  return violations
}

/** The stream's results by sequence number, as its readers have them. */
function mergeReaders(stream: StreamHistory, report: Report): Map<number, string> {
  const merged = new Map<number, string>()
  const lasts = new Map<string, number>()
  for (const { name, events } of stream.readers) {
    const { results, last } = checkReader(stream, name, events, report)
    for (const [seq, result] of results) {
      const known = merged.get(seq)
      if (known === undefined) merged.set(seq, result)
      else if (known !== result)
        report('disagreement', `${name}: ${seq} is ${brief(result)}, elsewhere ${brief(known)}`)
    }
    if (last !== undefined) lasts.set(name, last)
  }
  const newest = [...merged.keys()].reduce((high, seq) => Math.max(high, seq), 0)
  for (const [name, last] of lasts) {
    if (last < newest) report('skipped', `${name}: was told the end after ${last} of ${newest}`)
  }
  return merged
}
