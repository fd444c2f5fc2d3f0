import { setTimeout } from 'node:timers/promises'

/** The calls of the API that the demo makes, on one stream. */
export class Stream {
  constructor(server, id) {
    this.address = `${server}/stream/${id}`
    this.batches = 0
  }

  start(processor, options) {
    return this.call('start', 'application/json', JSON.stringify({ processor, processor_options: options }))
  }

  /** Sends records as one body, which is taken as a whole. */
  send(records) {
    const body = records.map((record) => `${JSON.stringify(record)}\n`).join('')
    return this.call('send', 'application/x-ndjson', body, { 'idempotency-key': `batch-${++this.batches}` })
  }

  end() {
    return this.call('end', 'application/json', '')
  }

  /** The results, from the first to the stream's end, as readers get them. */
  async *results() {
    const response = await fetch(`${this.address}/results`)
    let text = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const events = text.split('\n\n')
      text = events.pop() ?? ''
      for (const event of events) {
        if (/^event: end$/m.test(event)) return
        const data = /^data: (.*)$/m.exec(event)?.[1]
        if (data !== undefined) yield JSON.parse(data)
      }
    }
    throw new Error('the results broke off')
  }

  async call(name, type, body, headers = {}) {
    for (;;) {
      const init = { method: 'POST', headers: { 'content-type': type, ...headers }, body }
      const response = await fetch(`${this.address}/${name}`, init)
      if (response.ok) return response.json()
      // The key makes it safe to send the same again.
      if (response.status !== 503) throw new Error(`${name}: ${await response.text()}`)
      await response.body?.cancel()
      await setTimeout(1000 * Number(response.headers.get('retry-after') ?? 1))
    }
  }
}
