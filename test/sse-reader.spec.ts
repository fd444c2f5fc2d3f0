import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterTests } from './support/clean-up.js'
import { SseParser } from './support/sse-parser.js'
import { SseReader } from './support/sse-reader.js'
import { until } from './support/until.js'

function parse(chunks: readonly (string | Buffer)[], lastEventId = '') {
  const seen = { ids: [] as string[], events: [] as unknown[], retries: [] as number[], comments: [] as string[] }
  const parser = new SseParser(lastEventId, {
    id: (id) => void seen.ids.push(id),
    event: ({ id, event, data }) => void seen.events.push([id, event, data]),
    retry: (ms) => void seen.retries.push(ms),
    comment: (text) => void seen.comments.push(text),
  })
  for (const chunk of chunks) parser.push(Buffer.from(chunk))
  return seen
}

/** Answers the n-th connection with the n-th handler, the last one for all after it. */
async function serve(...handlers: ((response: ServerResponse, lastEventId: unknown) => void)[]): Promise<string> {
  let connections = 0
  const server = createServer((request, response) => {
    const handler = handlers[Math.min(connections++, handlers.length - 1)]
    handler?.(response, request.headers['last-event-id'])
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterTests(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

const openStream = (response: ServerResponse, text: string): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text)
}

describe('the SSE parser of the tests', () => {
  const text =
    '\uFEFFid: 1\ndata: a\r\ndata:b\r\revent: end\rid\ndata\n\n: note\nretry: 12\nretry: x\nid: a\0b\nid: 7\n\ndata: é\n\n'
  const expected = {
    ids: ['1', '', '7', '7'],
    events: [
      ['1', 'message', 'a\nb'],
      ['', 'end', ''],
      ['7', 'message', 'é'],
    ],
    retries: [12],
    comments: [' note'],
  }

  it('reads CR, LF, CRLF, a BOM, comments, ids without data and names as the standard says', () => {
    expect(parse([text])).toEqual(expected)
  })

  it('reads the same whatever the chunks, down to single bytes', () => {
    expect(parse([...Buffer.from(text)].map((byte) => Buffer.from([byte])))).toEqual(expected)
  })

  it('keeps the id of the connection before for blocks that have none', () => {
    expect(parse(['data: a\n\n'], '41').events).toEqual([['41', 'message', 'a']])
  })

  it('drops the block that a cut leaves open, with its id', () => {
    expect(parse(['id: 1\ndata: a\n\nid: 2\ndata: b\n'])).toMatchObject({ ids: ['1'], events: [['1', 'message', 'a']] })
  })
})

describe('the SSE reader of the tests', () => {
  it('comes back with its last id after a cut in mid-frame, and stops at end', async () => {
    const asked: unknown[] = []
    const url = await serve(
      (response) => openStream(response, 'id: 1\ndata: a\n\nid: 2\ndata: bbbbbbbb\n\n'),
      (response, lastEventId) => {
        asked.push(lastEventId)
        openStream(response, 'id: 2\ndata: b\n\nevent: end\nid: e\ndata: {}\n\nid: 9\ndata: never\n\n')
      },
    )
    const reader = new SseReader(url)
    reader.cut(25)
    expect(await reader.stopped).toBe('end')
    expect(asked).toEqual(['1'])
    expect(reader.events.map((event) => [event.connection, event.id, event.data])).toEqual([
      [1, '1', 'a'],
      [2, '2', 'b'],
      [2, 'e', '{}'],
    ])
  })

  it('comes back after end where asked to, until a 204', async () => {
    const url = await serve(
      (response) => {
        openStream(response, 'event: end\nid: e\ndata: {}\n\n')
        response.end()
      },
      (response) => response.writeHead(204).end(),
    )
    const reader = new SseReader(url, { stopAt: '204' })
    expect(await reader.stopped).toBe('204')
    expect(reader.connections.map((connection) => [connection.sentLastEventId, connection.status])).toEqual([
      ['', 200],
      ['e', 204],
    ])
  })

  it('stops for good at a 4xx', async () => {
    const reader = new SseReader(await serve((response) => response.writeHead(404).end('{}')))
    expect(await reader.stopped).toBe('refused')
  })

  it('takes nothing while paused, and goes on when resumed', async () => {
    let response: ServerResponse | undefined
    const reader = new SseReader(await serve((opened) => openStream((response = opened), 'id: 1\ndata: a\n\n')))
    await until('the first event is there', () => reader.events.length === 1)
    reader.pause()
    response?.write(`id: 2\ndata: ${'b'.repeat(20_000_000)}\n\n`)
    expect(response?.writableNeedDrain).toBe(true)
    expect(reader.events).toHaveLength(1)
    reader.resume()
    await until('the second event is there', () => reader.events.length === 2)
  })
})
