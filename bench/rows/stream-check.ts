import { EventChecker } from '../client/event-checker.js'
import { EventCounter } from '../client/event-counter.js'
import { readingOf } from '../client/reading.js'
import type { Expected } from './processor-cases.js'

/** Reads what a processor makes of one stream's readings, and says whether it is right. */
export interface StreamCheck {
  readonly sink: EventChecker | EventCounter
  /** Results that `sent` readings give at once; undefined if it takes time, or the end of the stream, to give them. */
  due(sent: number): number | undefined
  /** What is wrong with the results of `sent` readings, of a stream that has ended if `due` says nothing. */
  problem(sent: number): string | undefined
}

/** @param inFull whether every result is parsed and compared; else they are counted, unless only their contents tell */
export function streamCheck(expected: Expected, inFull: boolean): StreamCheck {
  return expected.of === 'all' ? checkOfAll() : checkOfEach(expected, inFull)
}

function checkOfEach({ keeps = () => true, result }: Expected & { of: 'each' }, inFull: boolean): StreamCheck {
  let next = 0
  const check = (data: unknown): string | undefined => {
    while (!keeps(next)) next++
    const n = next++
    const right = Object.entries(result(readingOf(n)))
    const got = data as Readonly<Record<string, unknown>>
    return right.every(([name, value]) => got[name] === value) ? undefined : `reading ${n} has another result`
  }
  const sink = inFull ? new EventChecker(({ data }) => check(data)) : new EventCounter()
  const due = (sent: number): number => {
    let count = 0
    for (let n = 0; n < sent; n++) if (keeps(n)) count++
    return count
  }
  const problem = (sent: number): string | undefined => {
    const wrong = sink instanceof EventChecker ? sink.problem : undefined
    return wrong ?? (sink.count === due(sent) ? undefined : `${sink.count} results of ${due(sent)}`)
  }
  return { sink, due, problem }
}

function checkOfAll(): StreamCheck {
  let sum = 0
  const sink = new EventChecker(({ data }) => {
    const { count } = data as { readonly count?: unknown }
    if (typeof count !== 'number') return 'a result without a count'
    sum += count
    return undefined
  })
  const problem = (sent: number): string | undefined => {
    if (!sink.ended) return 'the end of a stream did not come'
    return sink.problem ?? (sum === sent ? undefined : `of ${sent} readings ${sum} were counted`)
  }
  return { sink, due: () => undefined, problem }
}
