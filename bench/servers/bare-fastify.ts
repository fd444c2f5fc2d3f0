import { fastify } from 'fastify'

import { resultText } from '../client/record.js'

// What Fastify alone costs: it parses the same body and does nothing with it, and answers a reader with one event it has at hand.
const app = fastify()

app.post<{ Params: { id: string }; Body: { data: unknown } }>('/stream/:id/send', async ({ params }) => ({
  status: 'success',
  message: `Data sent to stream ${params.id}!`,
}))

app.get('/stream/:id/results', ({ headers }, reply) => {
  const [incarnation = '', seq] = String(headers['last-event-id']).split('-')
  const next = Number(seq) + 1
  reply.hijack()
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
  reply.raw.write(`id: ${incarnation}-${next}\ndata: {"status":"success","data":${resultText(next)}}\n\n`)
})

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
