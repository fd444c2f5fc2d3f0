import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { RESULT_ERRORS } from '#libs/contract'
import type { ResultErrorCode } from '#libs/contract'
import { Client } from '../support/client.js'
import { expectError } from '../support/expect-error.js'
import { isFullForm } from '../support/form.js'
import { request } from '../support/http.js'
import { packageFolder } from '../support/package-folder.js'
import { Server } from '../support/server.js'
import { firstOutcomes, firstResults, startStream } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

const folder = join(packageFolder, 'test/support/processors')

const env = {
  PROCESSORS: folder,
  PROCESSOR_WORKERS: '2',
  PROCESSOR_TIMEOUT_MS: '1000',
  PROCESSOR_MEMORY_BYTES: String(64 * 1024 * 1024),
}

const api = useServer({ env })

/** An answer while something hangs: the event loop of the server is free. */
const PROMPT_MS = 1_000

const errorOf = (code: ResultErrorCode): unknown => ({ status: 'error', code, message: RESULT_ERRORS[code] })

const ok = (data: unknown): unknown => ({ status: 'success', data })

describe('a processor of ten lines of JavaScript', () => {
  it('is listed with what it says of itself', async () => {
    const { body } = await request(`${api.client.url}/processors`)
    expect(body.processors).toContainEqual({
      name: 'double',
      description: 'Twice each number.',
      deterministic: true,
      options: { type: 'object', additionalProperties: false },
    })
  })

  it('makes results, and a stable error without a stack trace of what it throws at', async () => {
    const id = await startStream(api.client, { processor: 'double' })
    await api.client.ndjson(id, [1, 'two', 3])
    expect(await firstOutcomes(api.client, id, 3)).toEqual([ok(2), errorOf('processor_failed'), ok(6)])
  })
})

describe('options of a processor from outside', () => {
  const start = (from: unknown) => api.client.start(undefined, { processor: 'counting', processor_options: { from } })

  it('are checked by its schema and by itself, and what is wrong is said', async () => {
    expect((await start(7)).status).toBe(200)
    const bySchema = await start('seven')
    expectError(bySchema, 'invalid_processor_options')
    expect(bySchema.body.message).toBe('processor_options.from: must be number.')
    const byItself = await start(14)
    expectError(byItself, 'invalid_processor_options')
    expect(byItself.body.message).toBe('processor_options.from: 14 is not allowed.')
  })

  it.each([
    ['never returns', 13, "the processor's check of them took too long (PROCESSOR_TIMEOUT_MS)."],
    ['fails', 15, "the processor's check of them failed."],
  ])('are refused when their check %s', async (_how, from, problem) => {
    const reply = await start(from)
    expectError(reply, 'invalid_processor_options')
    expect(reply.body.message).toBe(`processor_options: ${problem}`)
  })
})

const HARM = [
  ['never returns', 'hang', 'processor_timeout'],
  ['gives results without end', 'flood', 'too_many_results'],
  ['asks for more than V8 can make', 'split', 'processor_out_of_memory'],
  ['exits', 'exit', 'processor_failed'],
] as const

/** Other ways to these ends. */
const MORE_HARM = [
  ['never yields', 'trickle', 'processor_timeout'],
  ['backtracks without end', 'regex', 'processor_timeout'],
  ['fills the heap', 'heap', 'processor_out_of_memory'],
  ['fills buffers, outside the heap', 'buffers', 'processor_out_of_memory'],
  ['rejects a promise that nobody awaits', 'reject', 'processor_failed'],
] as const

describe('a record that harms the process of its processor', () => {
  it.each(isFullForm ? [...HARM, ...MORE_HARM] : HARM)(
    'and %s fails alone: those before and behind it, and other streams, have their results',
    async (_how, deed, code) => {
      const { client } = api
      const [id, twin, other] = await Promise.all([
        startStream(client, { processor: 'misbehaving' }),
        startStream(client, { processor: 'misbehaving' }),
        startStream(client, { processor: 'uppercase' }),
      ])
      await Promise.all([
        client.ndjson(id, ['one', deed, 'three']),
        client.ndjson(twin, ['one', 'two']),
        client.send(other, 'fine'),
      ])
      const began = performance.now()
      expect((await client.send(other, 'meanwhile')).status).toBe(200)
      expect(performance.now() - began).toBeLessThan(PROMPT_MS)
      expect(await firstOutcomes(client, id, 3)).toEqual([ok('1 one'), errorOf(code), ok('2 three')])
      expect(await firstOutcomes(client, twin, 2)).toEqual([ok('1 one'), ok('2 two')])
      expect(await firstOutcomes(client, other, 2)).toEqual([ok('FINE'), ok('MEANWHILE')])
    },
    60_000,
  )

  it('later, by a timer that it left behind, fails nothing', async () => {
    const id = await startStream(api.client, { processor: 'misbehaving' })
    await api.client.send(id, 'later')
    expect(await firstOutcomes(api.client, id, 1)).toEqual([ok('1 later')])
    await until('the process has ended', () => api.server.output.includes('at Timeout'))
    await api.client.send(id, 'two')
    expect(await firstOutcomes(api.client, id, 2)).toEqual([ok('1 later'), ok('2 two')])
  })

  it('is kept to be sent again, as one is that its processor fails on', async () => {
    const { client } = api
    const id = await startStream(client, { processor: 'misbehaving' })
    const letters = async (): Promise<unknown> =>
      (await client.call('GET', `/stream/${id}/dead-letters`)).body.dead_letters
    await client.ndjson(id, ['one', 'hang', 'three'])
    await firstOutcomes(client, id, 3)
    expect(await letters()).toMatchObject([{ seq: 2, code: 'processor_timeout', record: 'hang' }])
    expect((await client.call('POST', `/stream/${id}/dead-letters/2/replay`)).status).toBe(200)
    const timeout = errorOf('processor_timeout')
    expect(await firstOutcomes(client, id, 4)).toEqual([ok('1 one'), timeout, ok('2 three'), timeout])
    expect(await letters()).toMatchObject([{ seq: 4, code: 'processor_timeout', record: 'hang' }])
  }, 60_000)

  it('is the same one after a SIGKILL of the server in the middle of it', async () => {
    const server = await Server.start({ env })
    const client = new Client(server.url)
    const id = await startStream(client, { processor: 'misbehaving' })
    await client.ndjson(id, ['one', 'two'])
    await firstOutcomes(client, id, 2)
    await client.ndjson(id, ['three', 'hang', 'five'])
    await until('a process is stuck', () => server.output.includes('a worker process ended'))
    await server.kill()
    await server.restart()
    const expected = [ok('1 one'), ok('2 two'), ok('3 three'), errorOf('processor_timeout'), ok('4 five')]
    expect(await firstOutcomes(client, id, 5)).toEqual(expected)
  }, 60_000)
})

describe('a processor that takes its time', () => {
  const slow = Array.from({ length: 15 }, () => ({ busyMs: 200 }))

  it('keeps no other stream waiting, and what it has come to can be read', async () => {
    const id = await startStream(api.client, { processor: 'timing' })
    const others = [await startStream(api.client), await startStream(api.client, { processor: 'double' })]
    await api.client.ndjson(id, slow)
    await firstResults(api.client, id, 1)
    for (let n = 1; n <= 5; n++)
      for (const other of others) {
        await api.client.send(other, n)
        await firstResults(api.client, other, n)
      }
    expect((await api.client.page(id)).body.results).not.toHaveLength(slow.length)
    expect(await firstOutcomes(api.client, id, slow.length)).toEqual(slow.map(() => ok(200)))
  })

  it('goes on where it was after a SIGKILL of the server, as do the others', async () => {
    const server = await Server.start({ env })
    const client = new Client(server.url)
    const id = await startStream(client, { processor: 'timing' })
    const other = await startStream(client)
    await client.ndjson(id, slow)
    await firstResults(client, id, 2)
    await client.ndjson(other, ['a', 'b'])
    await firstResults(client, other, 2)
    await server.kill()
    await server.restart()
    await client.ndjson(other, ['c'])
    await client.ndjson(id, [{ busyMs: 1 }])
    expect(await firstOutcomes(client, other, 3)).toEqual([ok('A'), ok('B'), ok('C')])
    expect(await firstOutcomes(client, id, slow.length + 1)).toEqual([...slow.map(() => ok(200)), ok(1)])
  }, 60_000)

  it('takes no more than it can do in a while: its stream is refused sends, and no other', async () => {
    const id = await startStream(api.client, { processor: 'timing' })
    const large = { busyMs: 300, with: 'x'.repeat(900_000) }
    const refused = await until('a send is refused', async () => {
      const reply = await api.client.send(id, large)
      return reply.status === 200 ? undefined : reply
    })
    expectError(refused, 'overloaded')
    expect(refused.body.message).toBe('Processor "timing" does not keep up with this stream.')
    const other = await startStream(api.client)
    expect((await api.client.send(other, 'a')).status).toBe(200)
    await firstResults(api.client, other, 1)
  })
})

describe('what a processor from outside remembers', () => {
  it('survives a SIGKILL, and goes on exactly', async () => {
    const server = await Server.start({ env })
    const client = new Client(server.url)
    const id = await startStream(client, { processor: 'counting', processor_options: { from: 10 } })
    await client.ndjson(id, ['a', 'b'])
    await server.kill()
    await server.restart()
    await client.send(id, 'c')
    const expected = ['a', 'b', 'c'].map((value, index) => ok({ count: 11 + index, value }))
    expect(await firstOutcomes(client, id, 3)).toEqual(expected)
  }, 60_000)
})

describe('a file of processors that breaks while the server runs', () => {
  const fragile = `export class Fragile {
    static processor = { name: 'fragile', options: { type: 'object' } };

    process({ value }) { return value === 'exit' ? process.exit(0) : [value] }
    check({ exit }) { if (exit) process.exit(0) }
  }`

  it('is told once, leaves other processors alone, and loses nothing when it is mended', async () => {
    const server = await Server.prepare({ env: { ...env, PROCESSORS: 'fragile.mjs' } })
    const file = join(server.workFolder, 'fragile.mjs')
    await writeFile(file, fragile)
    await server.restart()
    const client = new Client(server.url)
    const [id, here] = [
      await startStream(client, { processor: 'fragile' }),
      await startStream(client, { processor: 'uppercase' }),
    ]
    // The process that checks options has loaded it, too: it ends over these.
    await client.start(undefined, { processor: 'fragile', processor_options: { exit: true } })
    await writeFile(file, 'throw new Error("a secret")')

    const refused = await client.start(undefined, { processor: 'fragile' })
    expectError(refused, 'processor_unavailable')
    expect(refused.body.message).not.toContain('secret')
    const ready = await request(`${server.url}/health/ready`)
    expect(ready.status).toBe(200)
    expect(ready.body.message).toBe('ready, but these processors cannot be loaded: fragile; see the log')
    const apart = await startStream(client, { processor: 'jsonata', processor_options: { expression: 'a' } })
    await Promise.all([client.send(id, 'a'), client.send(here, 'a'), client.send(apart, { a: 'A' })])
    expect(await firstOutcomes(client, here, 1)).toEqual([ok('A')])
    expect(await firstOutcomes(client, apart, 1)).toEqual([ok('A')])
    // By the process that has loaded it.
    expect(await firstOutcomes(client, id, 1)).toEqual([ok('a')])

    await client.ndjson(id, ['b', 'exit', 'c'])
    await until('its process has ended', () => server.output.includes('a worker process ended'))
    expect((await client.send(here, 'b')).status).toBe(200)
    await writeFile(file, fragile)
    expect(await firstOutcomes(client, id, 4)).toEqual([ok('a'), ok('b'), errorOf('processor_failed'), ok('c')])
    expect(await firstOutcomes(client, here, 2)).toEqual([ok('A'), ok('B')])
    expect((await client.start(undefined, { processor: 'fragile' })).status).toBe(200)
    expect((await request(`${server.url}/health/ready`)).body.message).toBe('ready')
    expect(server.output.match(/a file of processors cannot be loaded/g)).toHaveLength(1)
    expect(server.output.match(/processors can be loaded again/g)).toHaveLength(1)
  }, 60_000)
})
