import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'

import { SCHEMA } from '../../src/config/schema.js'
import { Balancer } from '../support/balancer.js'
import { Client } from '../support/client.js'
import { expectError } from '../support/expect-error.js'
import { FakeReplica } from '../support/fake-replica.js'
import type { Behaviour } from '../support/fake-replica.js'
import type { Reply } from '../support/http.js'
import { packageFolder } from '../support/package-folder.js'
import { readResults } from '../support/streams.js'
import { until } from '../support/until.js'

const eventStream = { accept: 'text/event-stream' }

const hangUp: Behaviour = (request) => request.socket.destroy()
const answer: Behaviour = (_, response) => response.end('{}')
const isNotReady: Behaviour = (_, response) => {
  response.writeHead(503, { 'content-type': 'application/json' }).end('{"code":"view_behind"}')
}

interface Stage {
  readonly client: Client
  readonly replicas: readonly [FakeReplica, FakeReplica]
}

async function stage(first: Behaviour, second = first): Promise<Stage> {
  const replicas = [await FakeReplica.start(first), await FakeReplica.start(second)] as const
  const balancer = await Balancer.start([replicas[0].port, replicas[1].port])
  return { client: new Client(balancer.url), replicas }
}

const seenBy = ({ replicas }: Stage): readonly string[] => replicas.flatMap(({ seen }) => seen)

describe('docker/haproxy.cfg', () => {
  const text = readFileSync(join(packageFolder, 'docker/haproxy.cfg'), 'utf8')

  it('waits longer than a quiet event stream and a long poll are silent', () => {
    const timeoutsMs = [...text.matchAll(/^ *timeout (?:client|server) ([0-9]+)s$/gm)].map(([, s]) => Number(s) * 1000)
    expect(timeoutsMs).toHaveLength(3)
    const longPollMs = 30_000
    for (const timeoutMs of timeoutsMs) {
      expect(timeoutMs).toBeGreaterThan(2 * Number(SCHEMA.heartbeatMs.fallback))
      expect(timeoutMs).toBeGreaterThan(longPollMs)
    }
  })
})

;(Balancer.isHere('test/docker/haproxy') ? describe : describe.skip)('HAProxy', () => {
  it('takes the configuration without a warning', () => {
    expect(Balancer.check()).toEqual({
      isValid: true,
      output: expect.not.stringMatching(/WARNING|ALERT/),
    })
  })

  describe('when replicas take requests and hang up', () => {
    let lost: Stage
    beforeAll(async () => {
      lost = await stage(hangUp)
    })

    it.each([
      ['POST', 'POST', '/stream/a/send', {}],
      ['POST that asks for an event stream', 'POST', '/stream/b/send', eventStream],
      ['DELETE', 'DELETE', '/stream/c', {}],
    ])('sends no %s a second time, and says that it may have happened', async (_, method, path, headers) => {
      const body = method === 'POST' ? { body: '{"data":1}' } : {}
      // On a connection of its own: see the next test.
      const client = new Client(lost.client.url)
      expectError(await client.call(method, path, { headers, ...body }), 'append_unknown')
      expect(seenBy(lost).filter((request) => request.endsWith(path))).toEqual([`${method} ${path}`])
    })

    it('repeats no POST on a connection that was in use before', async () => {
      const { client, replicas } = await stage((request, response) => {
        if (request.method === 'POST') hangUp(request, response)
        else answer(request, response)
      })
      for (let before = 0; before < 4; before++) expect((await client.describe('d')).status).toBe(200)
      // HAProxy hangs up, too, so that the client knows what it would know without a balancer.
      await expect(client.send('d', 1)).rejects.toThrow('socket hang up')
      expect(seenBy({ client, replicas }).filter((request) => request.startsWith('POST'))).toEqual([
        'POST /stream/d/send',
      ])
    })

    it('cuts readers, which come back, and gives them no status, which would end them', async () => {
      await expect(lost.client.call('GET', '/stream/e/results', { headers: eventStream })).rejects.toThrow(
        'socket hang up',
      )
    })
  })

  it('sends requests whose connection was refused to the other replica', async () => {
    const { client, replicas } = await stage(answer)
    await replicas[0].close()
    const replies = await Promise.all(Array.from({ length: 20 }, () => client.send('a', 1)))
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(replicas[1].seen).toHaveLength(20)
  })

  it.each([
    ['hangs up', hangUp],
    ['is not ready', isNotReady],
  ])('opens event streams on the other replica where one %s', async (_, behave) => {
    const { client, replicas } = await stage(behave, answer)
    const opened: Reply[] = []
    for (let count = 0; count < 6; count++) {
      opened.push(await client.call('GET', '/stream/a/results', { headers: eventStream }))
    }
    expect(opened.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
    expect(replicas[0].seen.length).toBeGreaterThan(0)
  })

  it('passes each event on at once, and tells the replica at once that a reader has left', async () => {
    const open: ServerResponse[] = []
    const left: ServerResponse[] = []
    const { client } = await stage((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      response.on('close', () => left.push(response))
      open.push(response)
    })
    const reader = readResults(client, 'a')
    await until('the stream is open', () => open.length === 1)
    const delaysMs: number[] = []
    for (let count = 1; count <= 15; count++) {
      const written = performance.now()
      open[0]?.write(`id: ${count}\ndata: ${count}\n\n`)
      await until(`event ${count} is there`, () => reader.events.length === count)
      delaysMs.push(performance.now() - written)
    }
    // 200 ms, each of them, where packets are to be full.
    expect(delaysMs.sort((a, b) => a - b)[7]).toBeLessThan(100)
    expect(left).toEqual([])
    reader.close()
    await until('the replica knows', () => left.length === 1, 5000)
  })

  it('asks the other replica where one hangs up on a GET', async () => {
    const { client, replicas } = await stage(hangUp, answer)
    // A connection for each, so that every one is the first on it.
    const asked = await Promise.all(Array.from({ length: 6 }, () => client.describe('a')))
    expect(asked.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
    expect(replicas[0].seen.length).toBeGreaterThan(0)
  })

  it('answers calls as the API does when no replica is there, and cuts readers', async () => {
    const { client, replicas } = await stage(answer)
    await Promise.all(replicas.map((replica) => replica.close()))
    expectError(await client.send('a', 1), 'overloaded')
    const reading = client.call('GET', '/stream/a/results', { headers: eventStream })
    await expect(reading).rejects.toThrow('socket hang up')
  })
})
