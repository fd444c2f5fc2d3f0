import { expectError } from '../support/expect-error.js'
import type { Reply } from '../support/http.js'
import { request } from '../support/http.js'
import { resultsSoFar, startStream } from '../support/streams.js'
import { useServer } from '../support/use-server.js'

const api = useServer()

const json = 'application/json'
const ndjson = 'application/x-ndjson'

function send(id: string, contentType: string | undefined, body: string | Uint8Array): Promise<Reply> {
  const headers = { ...(contentType !== undefined && { 'content-type': contentType }) }
  return request(`${api.client.url}/stream/${id}/send`, { method: 'POST', headers, body })
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

describe('a send', () => {
  it('of {"data": …} is one record', async () => {
    const id = await startStream(api.client)
    const reply = await send(id, json, '{"data":"hello"}')
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({ status: 'success', message: `Data sent to stream ${id}!`, accepted: 1 })
    expect(await resultsSoFar(api.client, id)).toEqual(['HELLO'])
  })

  it('of NDJSON is one record a line, in order', async () => {
    const id = await startStream(api.client)
    const reply = await send(id, ndjson, '"a"\n{"data":"b"}\n["c",1]\n')
    expect(reply.status).toBe(200)
    expect(reply.body).toEqual({ status: 'success', message: `Data sent to stream ${id}!`, accepted: 3 })
    expect(await resultsSoFar(api.client, id)).toEqual(['A', { data: 'B' }, ['C', 1]])
  })

  it.each([
    ['blank lines', '\n1\n\n  \t\n2\n\n'],
    ['lines that end in CRLF', '1\r\n2\r\n'],
    ['blank lines that end in CRLF', '1\r\n\r\n2\r\n'],
    ['no line break at the end', '1\n2'],
  ])('of NDJSON may have %s', async (_, body) => {
    const id = await startStream(api.client)
    expect((await send(id, ndjson, body)).body).toMatchObject({ accepted: 2 })
    expect(await resultsSoFar(api.client, id)).toEqual([1, 2])
  })

  it.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;profile="a;b"'])(
    'may be declared as %s',
    async (contentType) => {
      const id = await startStream(api.client)
      expect((await send(id, contentType, '{"data":1}')).status).toBe(200)
    },
  )

  it.each(['application/x-ndjson; charset=utf-8', 'Application/X-NDJSON'])('may be declared as %s', async (type) => {
    const id = await startStream(api.client)
    expect((await send(id, type, '1\n2\n')).body).toMatchObject({ accepted: 2 })
  })

  it.each([null, false, 0, -1.5e-7, '', [], {}, 'ß \u2028 \0 \ud83d\ude00', [[{ 'A b': [null] }]]])(
    'may hold any JSON value: %j',
    async (value) => {
      const id = await startStream(api.client, { processor: 'identity' })
      await send(id, json, JSON.stringify({ data: value }))
      await send(id, ndjson, JSON.stringify(value))
      expect(await resultsSoFar(api.client, id)).toEqual([value, value])
    },
  )

  it.each(['uppercase', 'identity'])(
    'keeps the keys __proto__ and constructor as data through %s',
    async (processor) => {
      const id = await startStream(api.client, { processor })
      await send(id, json, '{"data":{"__proto__":{"a":"B"},"constructor":"C"}}')
      await send(id, ndjson, '{"__proto__":{"a":"B"},"constructor":"C"}')
      await resultsSoFar(api.client, id)
      const { text } = await api.client.page(id)
      expect(text.split('"data":{"__proto__":{"a":"B"},"constructor":"C"}')).toHaveLength(3)
    },
  )

  it('takes members beside "data" for no data', async () => {
    const id = await startStream(api.client)
    await send(id, json, '{"data":1,"more":2}')
    expect(await resultsSoFar(api.client, id)).toEqual([1])
  })

  it.each([
    ['JSON', json, `{"data":${nested(500)}}`],
    ['NDJSON', ndjson, nested(500)],
  ])('of %s may be nested 500 deep', async (_, contentType, body) => {
    const id = await startStream(api.client)
    await send(id, contentType, body)
    expect(JSON.stringify(await resultsSoFar(api.client, id))).toBe(`[${nested(500)}]`)
  })
})

describe('a send is refused, and nothing of it is taken, if', () => {
  it.each([
    ['its JSON is cut off', json, '{"data":', 'invalid_json'],
    ['something follows its JSON', json, '{"data":1} 2', 'invalid_json'],
    ['its JSON is none', json, 'data=1', 'invalid_json'],
    ['its body is empty', json, '', 'empty_body'],
    ['its body is blank', json, ' \r\n ', 'empty_body'],
    ['its NDJSON is empty', ndjson, '', 'empty_body'],
    ['its NDJSON has blank lines only', ndjson, '\n\r\n \n', 'empty_body'],
    ['its object has no "data"', json, '{"date":1}', 'missing_data'],
    ['its "data" is inherited', json, '{"__proto__":{"data":1}}', 'missing_data'],
    ['it is an array', json, '[{"data":1}]', 'missing_data'],
    ['it is a string', json, '"data"', 'missing_data'],
    ['it is null', json, 'null', 'missing_data'],
    ['it is declared as text', 'text/plain', '{"data":1}', 'unsupported_media_type'],
    ['it is declared as a form', 'application/x-www-form-urlencoded', 'data=1', 'unsupported_media_type'],
    ['it is declared as another JSON', 'application/json+x', '{"data":1}', 'unsupported_media_type'],
    ['it is declared as nothing', undefined, '{"data":1}', 'unsupported_media_type'],
    ['its declaration is malformed', 'json', '{"data":1}', 'unsupported_media_type'],
    ['it is JSON but not UTF-8', json, Buffer.from('{"data":"\xff"}', 'latin1'), 'invalid_json'],
    ['it is NDJSON but not UTF-8', ndjson, Buffer.from('1\n"\xc3"\n', 'latin1'), 'invalid_json'],
    ['its JSON is nested too deeply', json, `{"data":${nested(100_000)}}`, 'invalid_json'],
    ['its objects are nested too deeply', json, `${'{"data":'.repeat(4_400)}1${'}'.repeat(4_400)}`, 'invalid_json'],
  ] as const)('%s', async (_, contentType, body, code) => {
    const id = await startStream(api.client)
    expectError(await send(id, contentType, body), code)
    expect(await resultsSoFar(api.client, id)).toEqual([])
  })

  it.each([
    ['a line in the middle is bad', '1\n2\n{"a":\n4\n', 3],
    ['the first line is bad', 'x\n2\n', 1],
    ['the last line is cut off', '1\n"tw', 2],
    ['a value goes over several lines', '1\n{\n"data":1}', 2],
    ['two values stand on a line', '1\n2 3\n4', 2],
    ['a line behind blank ones is bad', '\n\r\n1\r\n\r\nx', 5],
    ['a line is nested too deeply', `1\n${nested(4_400)}\n3`, 2],
  ])('%s: the error says which', async (_, body, line) => {
    const id = await startStream(api.client)
    const reply = await send(id, ndjson, body)
    expectError(reply, 'invalid_json', { line })
    expect(reply.body.message).toContain(`ine ${line} `)
    expect(await resultsSoFar(api.client, id)).toEqual([])
  })
})
