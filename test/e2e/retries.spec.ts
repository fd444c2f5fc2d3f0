import type { OutgoingHttpHeaders } from 'node:http'

import { expectError } from '../support/expect-error.js'
import { resultsSoFar, startAnew, startStream } from '../support/streams.js'
import { useServer } from '../support/use-server.js'

const api = useServer()

const remembered = 1024

const key = (name: string): OutgoingHttpHeaders => ({ 'idempotency-key': name })
const producer = (id: string, epoch: number | string, seq: number | string): OutgoingHttpHeaders => ({
  'producer-id': id,
  'producer-epoch': String(epoch),
  'producer-seq': String(seq),
})

describe('an Idempotency-Key', () => {
  it('makes a retried send a duplicate, which is taken once', async () => {
    const id = await startStream(api.client)
    const [first, second] = [await api.client.send(id, 'a', key('k')), await api.client.send(id, 'a', key('k'))]
    expect(first.body).toEqual({ status: 'success', message: `Data sent to stream ${id}!`, accepted: 1 })
    expect([second.status, second.body]).toEqual([200, { ...first.body, duplicate: true }])
    expect(await resultsSoFar(api.client, id)).toEqual(['A'])
  })

  it('holds for all records of an NDJSON send together', async () => {
    const id = await startStream(api.client)
    await api.client.ndjson(id, [1, 2, 3], key('k'))
    expect((await api.client.ndjson(id, [1, 2, 3], key('k'))).body).toMatchObject({ accepted: 3, duplicate: true })
    expect(await resultsSoFar(api.client, id)).toEqual([1, 2, 3])
  })

  it('that comes with another body is refused, and the body is not taken', async () => {
    const id = await startStream(api.client)
    await api.client.send(id, 'a', key('k'))
    expectError(await api.client.send(id, 'b', key('k')), 'idempotency_key_reused')
    expect(await resultsSoFar(api.client, id)).toEqual(['A'])
  })

  it('makes one of many sends at once the first, while none is answered yet', async () => {
    const id = await startStream(api.client)
    const replies = await Promise.all(Array.from({ length: 10 }, () => api.client.send(id, 'a', key('k'))))
    expect(replies.map(({ status }) => status)).toEqual(Array(10).fill(200))
    expect(replies.filter(({ body }) => body.duplicate !== true)).toHaveLength(1)
    expect(await resultsSoFar(api.client, id)).toEqual(['A'])
  })

  it('makes one of many bodies at once the one that is taken', async () => {
    const id = await startStream(api.client)
    const values = ['A', 'B', 'C', 'D', 'E']
    const replies = await Promise.all(values.map((value) => api.client.send(id, value, key('k'))))
    const taken = values.filter((_, index) => replies[index]?.status === 200)
    for (const reply of replies) if (reply.status !== 200) expectError(reply, 'idempotency_key_reused')
    expect(taken).toHaveLength(1)
    expect(await resultsSoFar(api.client, id)).toEqual(taken)
  })

  it('tells a client that comes back after the end that its send was taken', async () => {
    const id = await startStream(api.client)
    await api.client.send(id, 'a', key('k'))
    await api.client.end(id)
    expect((await api.client.send(id, 'a', key('k'))).body).toHaveProperty('duplicate', true)
    expectError(await api.client.send(id, 'b', key('other')), 'stream_closed')
  })

  it('of another stream is another key', async () => {
    const [one, two] = [await startStream(api.client), await startStream(api.client)]
    await api.client.send(one, 'a', key('k'))
    expect((await api.client.send(two, 'b', key('k'))).body).not.toHaveProperty('duplicate')
  })

  it('of a former incarnation is forgotten', async () => {
    const id = await startStream(api.client)
    await api.client.send(id, 'a', key('k'))
    await api.client.end(id)
    await startAnew(api.client, id)
    expect((await api.client.send(id, 'b', key('k'))).body).not.toHaveProperty('duplicate')
  })

  it('of a refused send can be used again', async () => {
    const id = await startStream(api.client)
    expectError(await api.client.send(id, undefined, key('k')), 'missing_data')
    expect((await api.client.send(id, 'a', key('k'))).body).not.toHaveProperty('duplicate')
  })

  it(`is remembered for ${remembered} keys; the next one makes the stream forget the first`, async () => {
    const id = await startStream(api.client)
    const isDuplicate = async (name: string): Promise<unknown> => {
      const { status, body } = await api.client.send(id, 0, key(name))
      return status === 200 ? (body.duplicate ?? false) : body
    }
    await isDuplicate('first')
    await Promise.all(Array.from({ length: remembered - 1 }, (_, number) => isDuplicate(`k${number}`)))
    expect(await isDuplicate('first')).toBe(true)
    await isDuplicate('one-more')
    expect(await isDuplicate('k1000')).toBe(true)
    expect(await isDuplicate('first')).toBe(false)
  })
})

describe('a producer', () => {
  it('has its sends taken once, in the order of their numbers', async () => {
    const id = await startStream(api.client)
    const sends = [
      [0, 'a'],
      [0, 'a'],
      [1, 'b'],
      [0, 'a'],
      [2, 'c'],
      [1, 'b'],
    ] as const
    const duplicates: unknown[] = []
    for (const [seq, value] of sends) {
      const { body } = await api.client.send(id, value, producer('p', 0, seq))
      duplicates.push(body.duplicate ?? false)
    }
    expect(duplicates).toEqual([false, true, false, true, false, true])
    expect(await resultsSoFar(api.client, id)).toEqual(['A', 'B', 'C'])
  })

  it('takes one number for a send of NDJSON', async () => {
    const id = await startStream(api.client)
    await api.client.ndjson(id, [1, 2, 3], producer('p', 0, 0))
    expect((await api.client.ndjson(id, [4, 5], producer('p', 0, 1))).status).toBe(200)
    expect(await resultsSoFar(api.client, id)).toEqual([1, 2, 3, 4, 5])
  })

  it('that leaves numbers out is told which one is expected', async () => {
    const id = await startStream(api.client)
    expectError(await api.client.send(id, 'd', producer('p', 0, 3)), 'producer_gap', { expected: 0 })
    await api.client.send(id, 'a', producer('p', 0, 0))
    expectError(await api.client.send(id, 'c', producer('p', 0, 2)), 'producer_gap', { expected: 1 })
    expect((await api.client.send(id, 'b', producer('p', 0, 1))).status).toBe(200)
    expect(await resultsSoFar(api.client, id)).toEqual(['A', 'B'])
  })

  it('of a newer epoch fences the older ones', async () => {
    const id = await startStream(api.client)
    await api.client.send(id, 'a', producer('p', 1, 0))
    await api.client.send(id, 'b', producer('p', 3, 0))
    expectError(await api.client.send(id, 'x', producer('p', 1, 1)), 'producer_fenced')
    expectError(await api.client.send(id, 'a', producer('p', 1, 0)), 'producer_fenced')
    expectError(await api.client.send(id, 'y', producer('p', 2, 0)), 'producer_fenced')
    expect(await resultsSoFar(api.client, id)).toEqual(['A', 'B'])
  })

  it('begins a newer epoch at 0', async () => {
    const id = await startStream(api.client)
    await api.client.send(id, 'a', producer('p', 1, 0))
    expectError(await api.client.send(id, 'b', producer('p', 2, 1)), 'producer_gap', { expected: 0 })
    expect((await api.client.send(id, 'b', producer('p', 1, 1))).status).toBe(200)
  })

  it('that retries a send while the first is in flight has it taken once', async () => {
    const id = await startStream(api.client)
    const replies = await Promise.all(Array.from({ length: 10 }, () => api.client.send(id, 'a', producer('p', 0, 0))))
    expect(replies.filter(({ body }) => body.duplicate === true)).toHaveLength(9)
    expect(await resultsSoFar(api.client, id)).toEqual(['A'])
  })

  it('does not get into another one’s numbers', async () => {
    const id = await startStream(api.client)
    await api.client.send(id, 'a', producer('p', 5, 0))
    expect((await api.client.send(id, 'b', producer('q', 0, 0))).body).not.toHaveProperty('duplicate')
  })

  it('is remembered however many sends it makes', async () => {
    const id = await startStream(api.client)
    await api.client.send(id, 0, producer('rare', 0, 0))
    for (let seq = 0; seq < 30; seq++) await api.client.send(id, seq, producer('busy', 0, seq))
    expect((await api.client.send(id, 0, producer('rare', 0, 0))).body).toHaveProperty('duplicate', true)
  })
})

describe('a send is refused for its retry headers:', () => {
  it.each<[string, OutgoingHttpHeaders]>([
    ['a key and a producer', { ...key('k'), ...producer('p', 0, 0) }],
    ['a key and a part of a producer', { ...key('k'), 'producer-seq': '0' }],
    ['no epoch', { 'producer-id': 'p', 'producer-seq': '0' }],
    ['no number', { 'producer-id': 'p', 'producer-epoch': '0' }],
    ['no producer', { 'producer-epoch': '0', 'producer-seq': '0' }],
    ['a negative number', producer('p', 0, -1)],
    ['a fraction', producer('p', 0, '1.5')],
    ['a number with an exponent', producer('p', 0, '1e3')],
    ['a number with leading zeros', producer('p', 0, '01')],
    ['a number beyond 2^53', producer('p', 0, '9007199254740993')],
    ['a word for an epoch', producer('p', 'one', 0)],
    ['an empty producer', producer('', 0, 0)],
    ['a producer of 256 characters', producer('p'.repeat(256), 0, 0)],
    ['an empty key', key('')],
    ['a key of 256 characters', key('k'.repeat(256))],
    ['a key with a space', key('a b')],
    ['a key beyond ASCII', key('ü')],
  ])('%s', async (_, headers) => {
    const id = await startStream(api.client)
    expectError(await api.client.send(id, 'a', headers), 'invalid_request')
    expect(await resultsSoFar(api.client, id)).toEqual([])
  })
})
