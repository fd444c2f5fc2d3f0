import { ids, startStreams } from '../client/api.js'
import { type Bench, withServer } from '../harness/bench.js'
import { pause } from '../harness/deadline.js'
import type { Figure } from '../harness/figure.js'
import { anonymousBytes } from '../harness/proc.js'

const connections = 64
/** Started before the first reading, to load what any start loads. */
const warmUp = 1000

/** Bytes that each of many open streams costs, none of which has results or readers. */
export async function openStreams(bench: Bench): Promise<Figure[]> {
  const { streams, settleSeconds, repeats } = bench.settings.openStreams
  const each: number[] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    await withServer(bench, 'millrace', async ({ port, pid }) => {
      await startStreams(port, ids('warm-', warmUp), connections)
      const before = anonymousBytes(pid)
      await startStreams(port, ids('open-', streams), connections)
      await pause(settleSeconds * 1000)
      each.push((anonymousBytes(pid) - before) / streams)
    })
    bench.progress(`open streams: ${Math.round(each.at(-1) ?? 0)} bytes each`)
  }
  const name = `an open stream, of ${streams.toLocaleString('en-US')}`
  return [
    {
      row: 'memory',
      name,
      unit: 'kB',
      repeats: each.map((bytes) => bytes / 1000),
      target: { atMost: 2 },
      problems: [],
    },
  ]
}
