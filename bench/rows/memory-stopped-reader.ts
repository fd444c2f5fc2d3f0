import { accepted, drained, startStreams } from '../client/api.js'
import { EventCounter } from '../client/event-counter.js'
import { HttpConnection } from '../client/http-connection.js'
import { allOpened, SseReader } from '../client/sse-reader.js'
import { type Bench, withServer } from '../harness/bench.js'
import { poll } from '../harness/deadline.js'
import type { Figure } from '../harness/figure.js'
import { anonymousBytes } from '../harness/proc.js'
import type { Server } from '../harness/server.js'
import { median } from '../harness/statistics.js'
import type { Settings } from '../settings.js'

const stream = 'stopped'
const limitMs = 300_000
const mebibyte = 2 ** 20
/** A body of 63 records of 16 KiB stays under the default MAX_BODY_BYTES, 1 MiB. */
const recordsPerBody = 63
const body = `"${'water '.repeat(2730)}"\n`.repeat(recordsPerBody)
interface Filled {
  readonly records: number
  /** RssAnon after every body of the second half, when the heap has found its working size. */
  readonly memory: readonly number[]
}

/** Sends at least `bytes` and waits until all is processed. */
async function fill({ port, pid }: Server, bytes: number): Promise<Filled> {
  const connection = await HttpConnection.open(port)
  const memory: number[] = []
  try {
    const bodies = Math.ceil(bytes / body.length)
    for (let i = 0; i < bodies; i++) {
      accepted(await connection.request('POST', `/stream/${stream}/send`, body, 'application/x-ndjson'))
      if (i >= bodies / 2) memory.push(anonymousBytes(pid))
    }
    await drained(port, [stream], limitMs)
    return { records: bodies * recordsPerBody, memory }
  } finally {
    connection.close()
  }
}

interface Growth {
  /** Of the typical and of the highest memory, from the reader reading to the reader stopped. */
  readonly typical: number
  readonly peak: number
  readonly problem: string | undefined
}

/**
 * The heap goes up and down by tens of MiB between collections, reader or no reader, so one reading says nothing: many readings while
 * the reader reads stand against many while it does not.
 */
async function measure(server: Server, settings: Settings['stoppedReader']): Promise<Growth> {
  await startStreams(server.port, [stream])
  const counter = new EventCounter()
  const reader = new SseReader(server.port, stream, counter)
  await allOpened([reader])
  const before = await fill(server, settings.readMebibytes * mebibyte)
  await poll(limitMs, 10, () => counter.count >= before.records)
  reader.stopReading()
  const after = await fill(server, settings.mebibytes * mebibyte)
  // What the reader has not seen must still be there for it.
  reader.readOn()
  const expected = before.records + after.records
  await poll(limitMs, 10, () => counter.count >= expected || reader.problem !== undefined)
  reader.close()
  const missing = expected - counter.count
  return {
    typical: median(after.memory) - median(before.memory),
    peak: Math.max(...after.memory) - Math.max(...before.memory),
    problem: missing === 0 ? reader.problem : `${missing} results missing when the reader read on`,
  }
}

/** What the server's memory grows by while one reader takes nothing and its stream goes on. */
export async function stoppedReader(bench: Bench): Promise<Figure[]> {
  const { mebibytes, repeats } = bench.settings.stoppedReader
  const growths: Growth[] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    const growth = await withServer(bench, 'millrace', (server) => measure(server, bench.settings.stoppedReader))
    growths.push(growth)
    const [typical, peak] = [growth.typical, growth.peak].map((bytes) => Math.round(bytes / mebibyte))
    bench.progress(`stopped reader: ${typical} MiB more, at the peak ${peak} MiB`)
  }
  const problems = growths.map(({ problem }) => problem).filter((problem) => problem !== undefined)
  const mebi = (value: (growth: Growth) => number): number[] => growths.map((growth) => value(growth) / mebibyte)
  const [row, unit, name] = ['memory', 'MiB', `a stopped reader, ${mebibytes} MiB of results`]
  const note = 'against the same stream with the reader reading'
  return [
    { row, unit, name, repeats: mebi(({ typical }) => typical), target: { atMost: 32 }, problems, note },
    { row, unit, name: `${name}, peak`, repeats: mebi(({ peak }) => peak), problems },
  ]
}
