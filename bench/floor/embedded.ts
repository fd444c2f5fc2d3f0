// The floor of the embedded path: HTTP in, LMDB (flushed), upper-case, LMDB, shared SSE frames. It keeps no promise but durability:
// no commit rule, no resume, no slow readers, no errors. What Millrace costs above this is what its promises cost.
import type { ServerResponse } from 'node:http'

import { fastify } from 'fastify'
import { open } from 'lmdb'

interface Send {
  Params: { id: string }
  Body: string[] | { data: unknown }
}

const env = open({ path: process.env.DATA_DIR ?? '', maxDbs: 2 })
const input = env.openDB<Buffer, number>('input', { encoding: 'binary', keyEncoding: 'uint32' })
const commits = env.openDB<Buffer, [string, number]>('commits', { encoding: 'binary' })
const app = fastify({ bodyLimit: 8e6 })
const seqs = new Map<string, number>()
const readers = new Map<string, Set<ServerResponse>>()
const queue: [string, unknown[]][] = []
let offset = 0
let running = false

app.addContentTypeParser('application/x-ndjson', { parseAs: 'string' }, (_, body, done) =>
  done(null, body.toString().trim().split('\n')),
)
app.post('/stream/:id/start', async () => ({ status: 'success' }))
app.post<Send>('/stream/:id/send', async ({ params: { id }, body }) => {
  const records: unknown[] = Array.isArray(body) ? body.map((line) => JSON.parse(line) as unknown) : [body.data]
  void input.put(offset++, Buffer.from(JSON.stringify([id, records])))
  await input.flushed
  queue.push([id, records])
  if (!running) {
    running = true
    setImmediate(() => void work())
  }
  return { status: 'success', message: `Data sent to stream ${id}!`, accepted: records.length }
})
app.get<{ Params: { id: string } }>('/stream/:id/results', ({ params: { id } }, reply) => {
  reply.hijack()
  const res = reply.raw
  res.writeHead(200, { 'content-type': 'text/event-stream' }).write(':ok\n\n')
  const own = readers.get(id) ?? new Set()
  readers.set(id, own.add(res))
  res.on('close', () => own.delete(res))
})

function upper(value: unknown): unknown {
  if (typeof value === 'string') return value.toUpperCase()
  if (typeof value !== 'object' || value === null) return value
  return JSON.parse(JSON.stringify(value), (_, x: unknown) => (typeof x === 'string' ? x.toUpperCase() : x))
}

async function work(): Promise<void> {
  while (queue.length > 0) {
    const byStream = new Map<string, unknown[]>()
    for (const [id, records] of queue.splice(0, 2000)) byStream.set(id, (byStream.get(id) ?? []).concat(records))
    const frames: [string, string][] = []
    for (const [id, records] of byStream) {
      let seq = seqs.get(id) ?? 0
      let text = ''
      const first = seq + 1
      for (const r of records) text += `id: ${++seq}\ndata: {"status":"success","data":${JSON.stringify(upper(r))}}\n\n`
      seqs.set(id, seq)
      void commits.put([id, first], Buffer.from(text))
      frames.push([id, text])
    }
    await commits.flushed
    for (const [id, text] of frames) for (const res of readers.get(id) ?? []) res.write(text)
  }
  running = false
}

await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
