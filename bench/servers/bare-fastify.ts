import { fastify } from 'fastify'

// What Fastify alone costs: it parses the same body and does nothing with it.
const app = fastify()

app.post<{ Params: { id: string }; Body: { data: unknown } }>('/stream/:id/send', async ({ params }) => ({
  status: 'success',
  message: `Data sent to stream ${params.id}!`,
}))

await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
