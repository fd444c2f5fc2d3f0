import { drained, startStreams } from '../client/api.js'
import { sendBulk } from '../client/bulk.js'
import { type CheckedEvent, EventChecker } from '../client/event-checker.js'
import { isResultOf } from '../client/record.js'
import { allOpened, SseReader } from '../client/sse-reader.js'
import { type CpuUse, meterCpu } from '../harness/cpu-meter.js'
import { poll } from '../harness/deadline.js'
import type { Server } from '../harness/server.js'

const seedLimitMs = 300_000
const resumeLimitMs = 10_000
const tail = 100

/**
 * Fills a new stream with `results` results and answers the ids of its last hundred but one, as a reader received them: where to resume.
 */
export async function seedStream(port: number, stream: string, results: number): Promise<string[]> {
  await startStreams(port, [stream])
  await sendBulk(port, stream, results - tail)
  await drained(port, [stream], seedLimitMs)
  const cursors: string[] = []
  const checker = new EventChecker(({ id }) => void cursors.push(id), results - tail)
  const reader = new SseReader(port, stream, checker, '?from=latest')
  await allOpened([reader])
  await sendBulk(port, stream, tail)
  const all = await poll(seedLimitMs, 5, () => checker.count >= tail)
  reader.close()
  const problem = checker.problem ?? reader.problem
  if (!all || problem !== undefined)
    throw new Error(`seeding ${stream}: ${problem ?? `${checker.count} of ${tail} arrived`}`)
  return cursors.slice(0, -1)
}

export interface Resumes {
  readonly millis: readonly number[]
  readonly problems: readonly string[]
  readonly cpu: CpuUse
}

/**
 * Connects anew with each of `repeats` cursors, and answers the milliseconds from connecting to the first event, which must be the next
 * result.
 */
export async function measureResumes(
  { port, pid }: Server,
  stream: string,
  cursors: readonly string[],
  repeats: number,
): Promise<Resumes> {
  const stopMeter = meterCpu(pid)
  const millis: number[] = []
  const problems: string[] = []
  for (let i = 0; i < repeats; i++) {
    const at = i % cursors.length
    const startedAt = performance.now()
    const first = await firstEvent(port, stream, cursors[at] ?? '')
    if (typeof first === 'string') problems.push(first)
    else millis.push(first.at - startedAt)
    // The tail was sent as records 0 to 99, so the result after cursor i is of record i + 1.
    if (typeof first !== 'string' && !isResultOf(at + 1, first.event.data)) problems.push('resumed at another result')
  }
  return { millis, problems: [...new Set(problems)], cpu: stopMeter() }
}

interface Arrival {
  readonly event: CheckedEvent
  readonly at: number
}

/** The first event after `cursor` and when it came, or what went wrong. */
function firstEvent(port: number, stream: string, cursor: string): Promise<Arrival | string> {
  return new Promise((resolve) => {
    const finish = (outcome: Arrival | string): void => {
      clearTimeout(timer)
      reader.close()
      resolve(outcome)
    }
    const timer = setTimeout(() => finish('no event within 10 s of resuming'), resumeLimitMs)
    const seq = Number(cursor.slice(cursor.lastIndexOf('-') + 1))
    const checker = new EventChecker((event) => {
      finish({ event, at: performance.now() })
      return undefined
    }, seq)
    const reader = new SseReader(port, stream, checker, '', cursor)
    void reader.opened.then(() => {
      if (reader.problem !== undefined) finish(reader.problem)
    })
  })
}
