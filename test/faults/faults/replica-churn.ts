import { elapsed } from '../../support/elapsed.js'
import type { Fault } from '../fault.js'
import { World } from '../world.js'

const everyMs = 4000
const changes = 25
const fewest = 2
const most = 4

export const replicaChurn: Fault = {
  name: 'replica-churn',
  title: `a replica added, with an empty view, or removed, by SIGTERM or SIGKILL, every ${everyMs / 1000} s`,
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { random, progress } = ground
    const world = await World.open(ground)
    const { replicas } = world
    const pending: Promise<void>[] = []
    let starting = 0
    const add = async (): Promise<void> => {
      starting++
      const added = await world.replica()
      await added.start()
      replicas.push(added)
      starting--
    }
    const remove = async (): Promise<void> => {
      const [removed] = replicas.splice(random.int(0, replicas.length - 1), 1)
      await removed?.kill(random.pick(['SIGTERM', 'SIGKILL']))
    }
    for (let change = changes; change > 0; change--) {
      const grows = replicas.length <= fewest || (replicas.length + starting < most && random.chance(0.5))
      if (!grows) pending.push(world.history.background(remove()))
      else if (starting === 0) pending.push(world.history.background(add()))
      progress(`${replicas.length} replicas, ${starting} starting`)
      await elapsed(everyMs)
    }
    await Promise.all(pending)
    await world.goesOn()
    return await world.finish()
  },
}
