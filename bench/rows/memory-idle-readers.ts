import { ids, startStreams } from '../client/api.js'
import { EventCounter } from '../client/event-counter.js'
import { allOpened, SseReader } from '../client/sse-reader.js'
import { type Bench, withServer } from '../harness/bench.js'
import { pause } from '../harness/deadline.js'
import type { Figure } from '../harness/figure.js'
import { anonymousBytes } from '../harness/proc.js'
import type { Server } from '../harness/server.js'

const streams = 100
/** Below the listener's backlog, so that no connection waits for a retransmitted SYN. */
const atOnce = 200

async function openReaders(server: Server, streamIds: readonly string[], count: number): Promise<SseReader[]> {
  const readers: SseReader[] = []
  while (readers.length < count) {
    const group = Array.from({ length: Math.min(atOnce, count - readers.length) }, (_, i) => {
      return new SseReader(server.port, streamIds[i % streamIds.length] ?? '', new EventCounter())
    })
    readers.push(...group)
    await allOpened(group)
  }
  return readers
}

/** Bytes that each of many idle readers costs. The few opened before the first reading load what any reader loads. */
export async function idleReaders(bench: Bench): Promise<Figure[]> {
  const { readers: count, settleSeconds, repeats } = bench.settings.idleReaders
  const each: number[] = []
  const problems: string[] = []
  for (let repeat = 0; repeat < repeats; repeat++) {
    await withServer(bench, 'millrace', async (server) => {
      const streamIds = ids('idle-', streams)
      await startStreams(server.port, streamIds)
      const first = await openReaders(server, streamIds, atOnce)
      const before = anonymousBytes(server.pid)
      const readers = await openReaders(server, streamIds, count)
      await pause(settleSeconds * 1000)
      each.push((anonymousBytes(server.pid) - before) / count)
      const lost = readers.filter((reader) => reader.problem !== undefined).length
      if (lost > 0) problems.push(`${lost} readers lost`)
      for (const reader of [...first, ...readers]) reader.close()
    })
    bench.progress(`idle readers: ${Math.round(each.at(-1) ?? 0)} bytes each`)
  }
  const name = `an idle reader, of ${count.toLocaleString('en-US')}`
  return [
    { row: 'memory', name, unit: 'kB', repeats: each.map((bytes) => bytes / 1000), target: { atMost: 25 }, problems },
  ]
}
