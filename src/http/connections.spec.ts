import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterTests } from '../../test/support/clean-up.js'
import { until } from '../../test/support/until.js'
import { Connections } from './connections.js'

/** The responses to `count` requests written at once; nobody answers them. */
async function unanswered(count: number): Promise<{ client: Socket; responses: ServerResponse[] }> {
  const responses: ServerResponse[] = []
  const server = createServer((_: IncomingMessage, response) => void responses.push(response)).listen(0, '127.0.0.1')
  afterTests(() => void server.close())
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  afterTests(() => void client.destroy())
  client.resume().write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(count))
  await until('all requests are there', () => responses.length === count)
  return { client, responses }
}

describe('a response is over, once,', () => {
  it('when it was sent, though others wait behind it', async () => {
    const connections = new Connections()
    const { client, responses } = await unanswered(3)
    const over: number[] = []
    responses.forEach((response, index) => {
      connections.begin(response)
      connections.whenOver(response, () => over.push(index))
    })
    responses[1]?.end()
    responses[0]?.end()
    await until('the first two are over', () => over.length === 2)
    client.destroy()
    await until('the last one is over', () => over.length > 2)
    expect(over).toEqual([0, 1, 2])
  })

  it('when its connection is gone, though it waited behind another', async () => {
    const connections = new Connections()
    const { client, responses } = await unanswered(2)
    const over: number[] = []
    responses.forEach((response, index) => {
      connections.begin(response)
      connections.whenOver(response, () => over.push(index))
    })
    client.destroy()
    await until('both are over', () => over.length >= 2)
    expect(over.sort()).toEqual([0, 1])
  })

  it('at once, when its connection was gone before it began', async () => {
    const connections = new Connections()
    const { client, responses } = await unanswered(1)
    client.destroy()
    await until('the server has seen it', () => responses[0]?.req.socket.destroyed)
    const over: number[] = []
    for (const response of responses) {
      connections.begin(response)
      connections.whenOver(response, () => over.push(0))
    }
    expect(over).toEqual([0])
  })
})
