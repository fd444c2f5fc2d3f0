import { fastify } from 'fastify'

import type { Results } from './results.js'

interface Send {
  Params: { id: string }
  Body: string[] | { data: unknown }
}

export interface Floor {
  readonly results: Results
  /** Resolves when the records are durable. */
  readonly send: (stream: string, records: readonly unknown[]) => Promise<void>
  /** Sends of the stream that are durable and whose results are not delivered yet. */
  readonly lag: (stream: string) => number
}

/** Serves a bare path under the routes of Millrace that the rows use. */
export async function serve({ results, send, lag }: Floor): Promise<void> {
  const app = fastify({ bodyLimit: 8e6 })
  app.addContentTypeParser('application/x-ndjson', { parseAs: 'string' }, (_, body, done) =>
    done(null, body.toString().trim().split('\n')),
  )
  app.post('/stream/:id/start', async () => ({ status: 'success' }))
  app.post<Send>('/stream/:id/send', async ({ params: { id }, body }) => {
    const records: unknown[] = Array.isArray(body) ? body.map((line) => JSON.parse(line) as unknown) : [body.data]
    await send(id, records)
    return { status: 'success', message: `Data sent to stream ${id}!`, accepted: records.length }
  })
  app.get<{ Params: { id: string } }>('/stream/:id', async ({ params: { id } }) => ({
    latest: results.latest(id),
    lag: lag(id),
  }))
  app.get<{ Params: { id: string } }>('/stream/:id/results', ({ params: { id } }, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' }).write(':ok\n\n')
    results.addReader(id, reply.raw)
  })
  await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
}
