import { ApiDocument } from '../support/api-document.js'
import type { Client } from '../support/client.js'
import { expectError } from '../support/expect-error.js'
import type { Reply } from '../support/http.js'
import { firstResults, startAnew, startStream } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

// A start takes long on a machine that is busy with other tests.
const restartLimitMs = 60_000

const api = useServer()
// One that keeps little, and one that keeps nothing for long.
const small = useServer({ env: { MAX_DEAD_LETTER_BYTES: '4096' } })
const brief = useServer({ env: { RESULT_RETENTION_MS: '5000' } })

/** Gives a record's number `n`. One that is no number fails, and one with a time `from` until that has come. */
const picky = {
  processor: 'jsonata',
  processor_options: { expression: '$exists(from) ? ($millis() >= from ? n : $error("early")) : n + 0' },
}

interface Letter {
  readonly id: string
  readonly seq: number
  readonly record?: unknown
}

const call = (client: Client, id: string, rest = ''): Promise<Reply> =>
  client.call('GET', `/stream/${id}/dead-letters${rest}`)
const replay = (client: Client, id: string, seq: number | string): Promise<Reply> =>
  client.call('POST', `/stream/${id}/dead-letters/${seq}/replay`)

async function lettersOf(client: Client, id: string): Promise<readonly Letter[]> {
  const { body } = await call(client, id, '?limit=1000')
  return body.dead_letters as readonly Letter[]
}

/** The first `count` results: what came of a record, or the code of its error. */
async function outcomes(client: Client, id: string, count: number): Promise<readonly unknown[]> {
  const results = await firstResults(client, id, count)
  return results.map(({ code, data }) => code ?? data)
}

/** A stream that has processed the records. */
async function streamOf(client: Client, ...records: readonly unknown[]): Promise<string> {
  const id = await startStream(client, picky)
  await client.ndjson(id, records)
  await firstResults(client, id, records.length)
  return id
}

const good = (n: number): unknown => ({ n })
const bad = (n: number): unknown => ({ n: `no number ${n}` })

describe('a record that fails', () => {
  it('is kept as it was sent, under the number of its error result', async () => {
    const id = await streamOf(api.client, good(1), bad(2), good(3), bad(4))
    expect(await outcomes(api.client, id, 4)).toEqual([1, 'processor_failed', 3, 'processor_failed'])
    const { body } = await call(api.client, id)
    const results = await firstResults(api.client, id, 4)
    const letter = {
      code: 'processor_failed',
      message: expect.stringMatching(/^The processor/),
      at: expect.stringMatching(/Z$/),
    }
    expect(body.dead_letters).toEqual([
      { id: results[1]?.id, seq: 2, record: bad(2), ...letter },
      { id: results[3]?.id, seq: 4, record: bad(4), ...letter },
    ])
    expect((await api.client.describe(id)).body).toMatchObject({ latest: 4, dead_letters: 2 })
  })

  it('is on a page, in order, behind the number that is asked for', async () => {
    const id = await streamOf(api.client, ...[1, 2, 3, 4, 5].map(bad))
    const first = await call(api.client, id, '?limit=2')
    expect((first.body.dead_letters as Letter[]).map(({ seq }) => seq)).toEqual([1, 2])
    expect(first.body.next).toBe(2)
    const rest = await call(api.client, id, '?after=2&limit=3')
    expect((rest.body.dead_letters as Letter[]).map(({ seq }) => seq)).toEqual([3, 4, 5])
    expect(rest.body).not.toHaveProperty('next')
    const document = await ApiDocument.of(api.client.url)
    for (const { body } of [first, rest])
      expect(document.problems('listDeadLetters', 200, 'application/json', body)).toEqual([])
  })

  it('is pushed out by newer ones when there is no room for it', async () => {
    const id = await streamOf(small.client, ...[1, 2, 3, 4, 5, 6].map(bad))
    expect((await lettersOf(small.client, id)).map(({ seq }) => seq)).toEqual([3, 4, 5, 6])
    expectError(await replay(small.client, id, 2), 'dead_letter_not_found')
  })

  it('is kept as long as its error result, though the stream goes on', async () => {
    let id = ''
    // On a busy machine it can be too old before it is seen.
    await until('one is seen in its time', async () => {
      id = await streamOf(brief.client, bad(1))
      return (await lettersOf(brief.client, id)).length === 1
    })
    await until('the result is gone', async () => (await brief.client.describe(id)).body.oldest === 2)
    expect(await lettersOf(brief.client, id)).toEqual([])
    expect((await brief.client.describe(id)).body).toMatchObject({ stream_status: 'open', dead_letters: 0 })
    expectError(await replay(brief.client, id, 1), 'dead_letter_not_found')
  })

  it('is gone with the life of its stream', async () => {
    const id = await streamOf(api.client, bad(1))
    await api.client.end(id)
    await startAnew(api.client, id, picky)
    expect(await lettersOf(api.client, id)).toEqual([])
    expectError(await replay(api.client, id, 1), 'dead_letter_not_found')
  })
})

describe('a replay', () => {
  it('sends the record again, behind all others, and takes it out of the list', async () => {
    const id = await streamOf(api.client, { n: 1, from: Date.now() + 500 }, good(2))
    let replays = 0
    await until('it is in time', async () => {
      const [letter] = await lettersOf(api.client, id)
      if (letter === undefined) return true
      const { status, body } = await replay(api.client, id, letter.seq)
      expect([status, body.status]).toEqual([200, 'success'])
      await firstResults(api.client, id, 2 + ++replays)
      return false
    })
    // Each that was early gave an error, and a letter under a new number.
    const errors = Array.from({ length: replays - 1 }, () => 'processor_failed')
    expect(await outcomes(api.client, id, 2 + replays)).toEqual(['processor_failed', 2, ...errors, 1])
    expect((await api.client.describe(id)).body).toMatchObject({ latest: 2 + replays, dead_letters: 0 })
  })

  it('of one letter is taken once, however often it is asked for at the same time', async () => {
    const id = await streamOf(api.client, bad(1), bad(2))
    const replies = await Promise.all(Array.from({ length: 10 }, () => replay(api.client, id, 1)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const reply of replies) if (reply.status !== 200) expectError(reply, 'dead_letter_not_found')
    await api.client.send(id, good(3))
    expect(await outcomes(api.client, id, 4)).toEqual([...Array.from({ length: 3 }, () => 'processor_failed'), 3])
    expect(await lettersOf(api.client, id)).toMatchObject([
      { seq: 2, record: bad(2) },
      { seq: 3, record: bad(1) },
    ])
  })

  it('is refused where the stream takes no more data, and the list stays', async () => {
    const id = await streamOf(api.client, bad(1))
    await api.client.end(id)
    expectError(await replay(api.client, id, 1), 'stream_closed')
    await until('it is over', async () => (await api.client.describe(id)).body.stream_status === 'ended')
    expectError(await replay(api.client, id, 1), 'stream_closed')
    expect(await lettersOf(api.client, id)).toMatchObject([{ record: bad(1) }])
  })

  it('of what is not there is refused', async () => {
    const id = await streamOf(api.client, good(1))
    expectError(await replay(api.client, id, 1), 'dead_letter_not_found')
    expectError(await replay(api.client, id, 9), 'dead_letter_not_found')
    for (const seq of ['one', '0x1', '1e0', '+1', '1.0', '%201', '0', '9007199254740993'])
      expectError(await replay(api.client, id, seq), 'invalid_request')
    expectError(await replay(api.client, 'unknown', 1), 'stream_not_found')
    expectError(await call(api.client, 'unknown'), 'stream_not_found')
    expectError(await call(api.client, 'a%2fb'), 'invalid_stream_id')
    expectError(await call(api.client, id, '?limit=0'), 'invalid_request')
    expectError(await call(api.client, id, '?after=x'), 'invalid_request')
  })
})

describe('SIGKILL', () => {
  it(
    'loses no letter, and a replay after it gives one result',
    async () => {
      const id = await streamOf(api.client, bad(1), good(2), bad(3))
      const before = await lettersOf(api.client, id)
      await api.server.kill('SIGKILL')
      await api.server.restart()
      expect(await lettersOf(api.client, id)).toEqual(before)
      expect((await replay(api.client, id, 1)).status).toBe(200)
      await api.client.send(id, good(4))
      expect(await outcomes(api.client, id, 5)).toEqual([
        'processor_failed',
        2,
        'processor_failed',
        'processor_failed',
        4,
      ])
      expect((await lettersOf(api.client, id)).map(({ seq }) => seq)).toEqual([3, 4])
    },
    restartLimitMs,
  )

  it(
    'lets every replay that was in flight count once or not at all',
    async () => {
      const numbers = Array.from({ length: 30 }, (_, index) => index + 1)
      const id = await streamOf(api.client, ...numbers.map(bad))
      const cut = numbers.map((seq) => replay(api.client, id, seq).catch(() => undefined))
      await Promise.race(cut) // One is answered, others are on their way.
      await api.server.kill('SIGKILL')
      const answered = (await Promise.all(cut)).flatMap((reply, index) => (reply?.status === 200 ? [index + 1] : []))
      await api.server.restart()
      for (const seq of answered) expectError(await replay(api.client, id, seq), 'dead_letter_not_found')
      for (const { seq } of await lettersOf(api.client, id))
        if (seq <= numbers.length) expect((await replay(api.client, id, seq)).status).toBe(200)
      await api.client.send(id, good(0))
      const codes = Array.from({ length: 60 }, () => 'processor_failed')
      expect(await outcomes(api.client, id, 61)).toEqual([...codes, 0])
      const records = (await lettersOf(api.client, id)).map(({ record }) => JSON.stringify(record))
      expect(records.sort()).toEqual(numbers.map((n) => JSON.stringify(bad(n))).sort())
    },
    restartLimitMs,
  )
})
