import Fastify from 'fastify'
import { installTurns, Turns } from './turns.js'

const turn = (): Promise<void> => new Promise(setImmediate)

describe('turns', () => {
  it('let a bounded number of requests go on in one turn, in the order of their arrival', async () => {
    const turns = new Turns(3)
    const gone: number[] = []
    const arrive = (n: number): void => {
      turns.take(() => gone.push(n))
    }
    for (let n = 0; n < 8; n++) arrive(n)
    expect(gone).toEqual([0, 1, 2])
    await turn()
    expect(gone).toEqual([0, 1, 2, 3, 4, 5])
    arrive(8)
    expect(gone).toEqual([0, 1, 2, 3, 4, 5])
    await turn()
    expect(gone).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  it('let a request go on at once when the turn has room', async () => {
    const turns = new Turns(2)
    const gone: number[] = []
    for (let n = 0; n < 6; n++) {
      turns.take(() => gone.push(n))
      expect(gone).toHaveLength(n + 1)
      await turn()
    }
  })
})

describe('turns of a server', () => {
  it.each([
    ['embedded', 'GET'],
    ['kafka', 'GET'],
    ['kafka', 'HEAD'],
  ] as const)('let a send pass readers that came before it (%s, %s)', async (engine, method) => {
    const fastify = Fastify()
    const gone: string[] = []
    fastify.get('/', () => gone.push('reader'))
    fastify.post('/', () => gone.push('send'))
    installTurns(fastify, engine)
    await fastify.ready()
    const readers = Array.from({ length: 1_000 }, () => fastify.inject({ method, url: '/' }))
    await Promise.all([...readers, fastify.inject({ method: 'POST', url: '/' })])
    expect(gone).toHaveLength(1_001)
    expect(gone.indexOf('send')).toBeLessThan(200)
  })
})
