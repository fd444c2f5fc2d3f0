import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { afterTests } from '../../test/support/clean-up.js'
import { request } from '../../test/support/http.js'
import { Listeners } from './listeners.js'

async function listening(count: number): Promise<{ port: number; listeners: Listeners; accepted: () => number }> {
  let accepted = 0
  const server = createServer((_request, response) => response.end('ok')).on('connection', () => accepted++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const listeners = new Listeners(server, 511)
  await listeners.open(count)
  afterTests(() => {
    listeners.close()
    server.closeAllConnections()
  })
  return { port: (server.address() as AddressInfo).port, listeners, accepted: () => accepted }
}

describe('listeners', () => {
  it('accept as many connections in one turn of the event loop as there are', async () => {
    const { port, accepted } = await listening(16)
    // The kernel has accepted them all before the loop turns.
    for (let n = 0; n < 16; n++) {
      const socket = connect(port, '127.0.0.1')
      afterTests(() => void socket.destroy())
    }
    while (accepted() === 0) await new Promise(setImmediate)
    expect(accepted()).toBe(16)
  })

  it('that are closed before they are open accept nobody', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const listeners = new Listeners(server, 511)
    const opened = listeners.open(4)
    listeners.close()
    await opened
    const [refusal] = (await once(connect(port, '127.0.0.1'), 'error')) as [unknown]
    expect(refusal).toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('is one listener where no process can be had', async () => {
    const program = jest.replaceProperty(process, 'execPath', '')
    const { port } = await listening(4)
    program.restore()
    expect((await request(`http://127.0.0.1:${port}/`)).status).toBe(200)
  })

  it('all serve requests, and none when they are closed', async () => {
    const { port, listeners } = await listening(4)
    const get = (): Promise<number> => request(`http://127.0.0.1:${port}/`).then(({ status }) => status)
    expect(await Promise.all(Array.from({ length: 40 }, get))).toEqual(Array.from({ length: 40 }, () => 200))
    listeners.close()
    const [refusal] = (await once(connect(port, '127.0.0.1'), 'error')) as [unknown]
    expect(refusal).toMatchObject({ code: 'ECONNREFUSED' })
  })
})
