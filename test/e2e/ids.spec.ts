import { expectError } from '../support/expect-error.js'
import { rawRequest } from '../support/raw-request.js'
import { useServer } from '../support/use-server.js'

const api = useServer()

// By socket, since URL parsers take dot segments and line breaks out of an address before it is sent.
async function call(
  method: string,
  path: string,
  ...headers: readonly string[]
): Promise<[status: number, code: unknown]> {
  const body = path.endsWith('/send') ? '{"data":1}' : ''
  const head = [`${method} ${path} HTTP/1.1`, 'host: x', `content-length: ${body.length}`, ...headers].join('\r\n')
  const reply = await rawRequest(api.client.url, `${head}\r\n\r\n${body}`)
  const { code, message } = JSON.parse(reply.body) as Record<string, unknown>
  return [reply.status, code ?? message]
}

const calls: Readonly<Record<string, (id: string) => ReturnType<typeof call>>> = {
  start: (id) => call('POST', `/stream/${id}/start`),
  send: (id) => call('POST', `/stream/${id}/send`, 'content-type: application/json'),
  end: (id) => call('POST', `/stream/${id}/end`),
  describe: (id) => call('GET', `/stream/${id}`),
  delete: (id) => call('DELETE', `/stream/${id}`),
  results: (id) => call('GET', `/stream/${id}/results`, 'accept: text/event-stream'),
  page: (id) => call('GET', `/stream/${id}/results`, 'accept: application/json'),
}

/** What each call answers. */
async function answers(id: string): Promise<Record<string, unknown>> {
  const rows = Object.entries(calls).map(async ([name, ask]) => [name, await ask(id)] as const)
  return Object.fromEntries(await Promise.all(rows))
}

describe('every call refuses as an id', () => {
  const refused = Object.fromEntries(Object.keys(calls).map((name) => [name, [400, 'invalid_stream_id']]))

  it.each([
    ['a slash', 'a%2Fb'],
    ['a lone slash', '%2f'],
    ['a backslash', 'a%5Cb'],
    ['a dot', '.'],
    ['two dots', '..'],
    ['an encoded dot', '%2e'],
    ['two encoded dots', '%2e%2e'],
    ['a dot and an encoded one', '.%2E'],
    ['CR and LF', 'a%0d%0ab'],
    ['LF at the end', 'a%0a'],
    ['NUL', 'a%00'],
    ['a space', 'a%20b'],
    ['a plus', 'a+b'],
    ['a colon', 'a:b'],
    ['what is encoded twice', '%2561'],
    ['a letter beyond ASCII', '%C3%BC'],
    ['129 characters', 'a'.repeat(129)],
    ['129 encoded characters', '%61'.repeat(129)],
    ['2,000 characters', 'a'.repeat(2000)],
    ['a percent sign', '%'],
    ['a percent sign without digits', '%zz'],
    ['half of an escape', 'a%2'],
    ['broken UTF-8', '%C3%28'],
    ['an overlong slash', '%C0%AF'],
  ])('%s', async (_, id) => {
    expect(await answers(id)).toEqual(refused)
  })
})

describe('every call takes as an id', () => {
  it.each([
    ['one character', 'a'],
    ['128 characters', 'a'.repeat(128)],
    ['128 encoded characters', '%62'.repeat(128)],
    ['all that is allowed', 'AZaz09._~-'],
    ['three dots', '...'],
    ['the name of a call', 'start'],
    ['the name of another call', 'send'],
    ['the name of an object’s own', '__proto__'],
  ])('%s', async (_, id) => {
    await calls.start?.(id)
    await calls.send?.(id)
    const name = decodeURIComponent(id)
    expect([
      await calls.describe?.(id),
      await calls.page?.(id),
      await calls.end?.(id),
      await calls.delete?.(id),
    ]).toEqual([
      [200, `Stream ${name}`],
      [200, `Results of stream ${name}`],
      [200, `Stream ${name} disconnected successfully`],
      [200, `Stream ${name} deleted`],
    ])
  })
})

it('an escaped letter is the letter', async () => {
  await calls.start?.('%61bc')
  expect(await calls.describe?.('abc')).toEqual([200, 'Stream abc'])
})

it('an empty id is no address', async () => {
  expect(await answers('')).toMatchObject({ send: [404, 'not_found'], end: [404, 'not_found'] })
})

it.each(['', '.', '..', 'a/b', 'a%2Fb', 'a\r\nb', '\0', 'ü', 'x'.repeat(129)])(
  'a start refuses %j as the stream_id of its body',
  async (id) => {
    expectError(await api.client.start(undefined, { stream_id: id }), 'invalid_stream_id')
  },
)
