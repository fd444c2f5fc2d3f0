import { Client } from '../support/client.js'
import { expectError } from '../support/expect-error.js'
import { request } from '../support/http.js'
import { Server } from '../support/server.js'
import { Strace } from '../support/strace.js'
import { resultsSoFar, startStream } from '../support/streams.js'

describe('after a sync to the disk has failed', () => {
  it('nothing is acked until a restart, which loses nothing that was', async () => {
    const server = await Server.start()
    const client = new Client(server.url)
    const id = await startStream(client)
    expect((await client.send(id, 'ACKED')).status).toBe(200)
    // The list waits until every commit is on the disk: the sync that fails is then that of a send.
    expect((await request(`${server.url}/streams`)).status).toBe(200)

    const strace = await Strace.attach(server.pid, '-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO')
    if (strace === undefined) {
      process.stderr.write('failed-sync.spec: skipped, strace cannot be used here\n')
      return
    }
    const unknown = Array.from({ length: 10 }, (_, index) => `UNKNOWN ${index}`)
    const [first, ...others] = await Promise.all(unknown.map((value) => client.send(id, value)))
    if (first !== undefined) expectError(first, 'append_unknown')
    for (const reply of others) expect(['append_unknown', 'log_unavailable']).toContain(reply.body.code)
    // The disk is well again; but what it holds of what was written before is not known.
    await strace.detach()
    expectError(await client.send(id, 'REFUSED'), 'log_unavailable')
    expectError(await client.start('another'), 'log_unavailable')
    expect((await request(`${server.url}/health/ready`)).status).toBe(503)
    expect((await request(`${server.url}/health/live`)).status).toBe(200)
    expect((await client.page(id)).status).toBe(200)

    expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null })
    await server.restart()
    const results = await resultsSoFar(client, id)
    expect(new Set(results).size).toBe(results.length)
    expect(results.filter((value) => !unknown.includes(String(value)))).toEqual(['ACKED'])
  }, 60_000)

  it('the server lives on to say so, whatever else was on its way to the disk', async () => {
    const server = await Server.start()
    const client = new Client(server.url)
    const ids = await Promise.all(Array.from({ length: 8 }, () => startStream(client)))
    // Sends without a pause, and syncs that take longer than commits gather: both kinds are under way when the first one fails.
    const refusals = ids.map(async (id) => {
      for (;;) {
        const reply = await client.send(id, 'x')
        if (reply.status !== 200) return reply.body.code
      }
    })
    const strace = await Strace.attach(
      server.pid,
      '-e',
      'trace=fdatasync',
      '-e',
      'inject=fdatasync:error=EIO:delay_enter=300000',
    )
    if (strace === undefined) {
      process.stderr.write('failed-sync.spec: skipped, strace cannot be used here\n')
      await server.kill('SIGKILL')
      await Promise.allSettled(refusals)
      return
    }
    for (const code of await Promise.all(refusals)) expect(['append_unknown', 'log_unavailable']).toContain(code)
    await strace.detach()
    expect((await request(`${server.url}/health/live`)).status).toBe(200)
    expect(await server.kill('SIGTERM')).toEqual({ code: 0, signal: null })
  }, 60_000)
})
