// The floor of the embedded path: HTTP in, LMDB (flushed), upper-case, LMDB, shared SSE frames. It keeps no promise but durability:
// no commit rule, no resume, no slow readers, no errors. What Millrace costs above this is what its promises cost.
import { open } from 'lmdb'

import { Results } from './results.js'
import { serve } from './serve.js'
import { upper } from './upper.js'

const env = open({ path: process.env.DATA_DIR ?? '', maxDbs: 2 })
const input = env.openDB<Buffer, number>('input', { encoding: 'binary', keyEncoding: 'uint32' })
const commits = env.openDB<Buffer, [string, number]>('commits', { encoding: 'binary' })
const results = new Results()
const queue: (readonly [string, readonly unknown[]])[] = []
let offset = 0
let running = false

async function send(id: string, records: readonly unknown[]): Promise<void> {
  void input.put(offset++, Buffer.from(JSON.stringify([id, records])))
  await input.flushed
  queue.push([id, records])
  if (!running) {
    running = true
    setImmediate(() => void work())
  }
}

async function work(): Promise<void> {
  while (queue.length > 0) {
    const byStream = new Map<string, unknown[]>()
    for (const [id, records] of queue.splice(0, 2000)) byStream.set(id, (byStream.get(id) ?? []).concat(records))
    const frames: [string, string][] = []
    for (const [id, records] of byStream) {
      const first = results.latest(id) + 1
      const text = results.frame(id, records.map(upper))
      void commits.put([id, first], Buffer.from(text))
      frames.push([id, text])
    }
    await commits.flushed
    for (const [id, text] of frames) results.deliver(id, text)
  }
  running = false
}

// How far a stream is, is asked of the Kafka floor only.
await serve({ results, send, lag: () => 0 })
