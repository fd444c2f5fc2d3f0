import type { Fault } from '../fault.js'
import { Retrier } from '../retrier.js'
import { World } from '../world.js'

const kinds = ['key', 'producer'] as const
const streamsOfKind = 3

export const retries: Fault = {
  name: 'retries',
  title:
    'a send retried under its key or producer sequence through every replica at once, later, and after all were killed',
  quick: true,
  limitMs: 900_000,
  async run(ground) {
    const { quick, progress } = ground
    const world = await World.open(ground, { replicas: 2, streams: 3 })
    const retriers: Retrier[] = []
    for (const kind of kinds) {
      for (let number = 0; number < streamsOfKind; number++) {
        const { history } = await world.stream(`${kind}-${number}`, [])
        retriers.push(new Retrier(world, history, kind))
      }
    }
    for (let restart = quick ? 1 : 3; restart > 0; restart--) {
      await Promise.all(
        retriers.map(async (retrier) => {
          for (let count = quick ? 5 : 40; count > 0; count--) await retrier.send()
          await retrier.sendRefused()
        }),
      )
      progress('all replicas are killed and start again')
      await Promise.all(world.replicas.map((replica) => replica.kill()))
      await Promise.all(world.replicas.map((replica) => replica.start()))
      world.generation++
      await world.goesOn()
      await Promise.all(retriers.map((retrier) => retrier.repeatAll()))
      await Promise.all(retriers.map((retrier) => retrier.sendRefused()))
    }
    return await world.finish()
  },
}
