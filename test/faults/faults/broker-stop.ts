import { elapsed } from '../../support/elapsed.js'
import type { Fault } from '../fault.js'
import { inSync, leaderOf } from '../topics.js'
import { World } from '../world.js'

const heldMs = 30_000

/** Its connections stay open, and appends that it has taken wait: a leader that moves between two attempts of one append. */
export const brokerStop: Fault = {
  name: 'broker-stop',
  title: `SIGSTOP the broker that leads a partition in use for ${heldMs / 1000} s`,
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { cluster, random, progress } = ground
    const world = await World.open(ground)
    const leader = await leaderOf(cluster, world.topics.input, random.int(0, world.partitions - 1))
    progress(`node ${leader} stands still`)
    cluster.pause(leader)
    await elapsed(heldMs)
    cluster.resume(leader)
    await world.goesOn()
    await cluster.ready()
    await inSync(cluster)
    await world.goesOn()
    return await world.finish()
  },
}
