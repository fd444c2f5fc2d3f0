import { accepted, endStreams, ids, processed, startStreams, type StreamStart } from '../client/api.js'
import { spread } from '../client/connection-pool.js'
import { readingText } from '../client/reading.js'
import { allOpened, SseReader } from '../client/sse-reader.js'
import { type Row, withServer } from '../harness/bench.js'
import { pause, poll } from '../harness/deadline.js'
import { anonymousBytes } from '../harness/proc.js'
import { streamCheck } from './stream-check.js'

const row = 'windows'
const connections = 64
const drainLimitMs = 60_000
/** Opened before the first reading, to load what any window loads. */
const warmUp = 1000
/** Streams that are ended, to see that they had an open window. */
const ended = 100

/** So long that none closes meanwhile. */
const start: StreamStart = {
  processor: 'window',
  processor_options: {
    kind: 'tumbling',
    size_ms: 31_536_000_000,
    key_field: 'sensor',
    value_field: 'value',
    aggregates: ['count', 'mean', 'max'],
  },
}

/** Starts streams, with one reading each. */
async function openWindows(port: number, streams: readonly string[]): Promise<void> {
  await startStreams(port, streams, connections, start)
  const body = `{"data":${readingText(0)}}`
  await spread(port, connections, streams.length, async (connection, index) => {
    accepted(await connection.request('POST', `/stream/${streams[index] ?? ''}/send`, body))
  })
  await processed(port, streams.slice(-1), drainLimitMs)
}

/** Ends streams: what is wrong with the windows that they had open. */
async function problemsAtEnd(port: number, streams: readonly string[]): Promise<string[]> {
  const checks = streams.map(() => streamCheck({ of: 'all' }, true))
  const readers = checks.map(({ sink }, i) => new SseReader(port, streams[i] ?? '', sink))
  await allOpened(readers)
  await endStreams(port, streams)
  await poll(drainLimitMs, 5, () => checks.every((check) => check.problem(1) === undefined))
  for (const reader of readers) reader.close()
  return checks.flatMap((check) => check.problem(1) ?? [])
}

export const windows: Row = {
  name: row,
  title: 'RssAnon of the server: streams with an open window each',
  limitMinutes: 20,
  async run(bench) {
    const { streams: count, settleSeconds, repeats } = bench.settings.openWindows
    const streams = ids('window-', count)
    const growths: number[] = []
    const problems: string[] = []
    for (let repeat = 0; repeat < repeats; repeat++) {
      await withServer(bench, 'millrace', async ({ port, pid }) => {
        await openWindows(port, ids('warm-', warmUp))
        const before = anonymousBytes(pid)
        await openWindows(port, streams)
        await pause(settleSeconds * 1000)
        growths.push((anonymousBytes(pid) - before) / 1e6)
        const every = Math.floor(count / ended)
        problems.push(
          ...(await problemsAtEnd(
            port,
            streams.filter((_, i) => i % every === 0),
          )),
        )
      })
      bench.progress(`${Math.round(growths.at(-1) ?? 0)} MB more`)
    }
    const many = count.toLocaleString('en-US')
    return [
      {
        ...{ row, name: `${many} streams with an open window`, unit: 'MB', repeats: growths },
        target: { atMost: 500 },
        problems: problems.slice(0, 3),
        note: `${ended} of them ended and looked at`,
      },
    ]
  },
}
