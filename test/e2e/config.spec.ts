import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { request } from '../support/http.js'
import { Server } from '../support/server.js'

async function refusal(server: Server): Promise<string> {
  server.launch()
  expect(await server.exited).toEqual({ code: 1, signal: null })
  return server.output
}

describe('the program', () => {
  it('does not start with bad values: it names every key and no value', async () => {
    const server = await Server.prepare({
      env: { PORT: 'eighty-eighty', MAX_BODY_BYTES: '1MB-or-so', HEARTBEAT_MS: '' },
    })
    const output = await refusal(server)
    expect(output).toMatch(/^ {2}PORT must be a whole number from 0 to 65535$/m)
    expect(output).toMatch(/^ {2}MAX_BODY_BYTES must be /m)
    expect(output).toMatch(/^ {2}HEARTBEAT_MS must be /m)
    expect(output).not.toMatch(/eighty|MB-or-so/)
    expect(output).not.toMatch(/^\s+at /m)
  })

  it('reads .env in its working folder', async () => {
    const server = await Server.prepare()
    await writeFile(join(server.workFolder, '.env'), 'MAX_OPEN_STREAMS=many\nMAX_BODY_BYTES=large\n')
    const output = await refusal(server)
    expect(output).toMatch(/MAX_OPEN_STREAMS must be /)
    expect(output).toMatch(/MAX_BODY_BYTES must be /)
    expect(output).not.toMatch(/many|large/)
  })

  it('prefers the environment to .env', async () => {
    const server = await Server.prepare({ env: { MAX_BODY_BYTES: '2048' } })
    await writeFile(join(server.workFolder, '.env'), 'MAX_BODY_BYTES=1024\nMAX_OPEN_STREAMS=1\nPORT=not-this\n')
    await server.restart()
    const start = (bytes: number) =>
      request(`${server.url}/stream/start`, { method: 'POST', body: JSON.stringify({}).padEnd(bytes) })
    expect((await start(2_000)).status).toBe(200)
    expect((await start(2_049)).body).toMatchObject({ code: 'body_too_large' })
    // From .env, since the environment does not set it.
    expect((await start(2)).body).toMatchObject({ code: 'overloaded' })
  })
})
