import type { Fault } from '../fault.js'
import type { Replica } from '../replica.js'
import { endsOf, trim } from '../topics.js'
import { World } from '../world.js'

/**
 * As retention does it: what is trimmed lies behind all readers, and a newer marker of every partition is left. For that every owner is
 * killed once, and what was in the log before is removed while a replica with an empty view starts to read it.
 */
export const trimmedCommits: Fault = {
  name: 'trimmed-commits',
  title: 'the commit log trimmed under a new replica, which then serves everybody alone',
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { cluster, progress } = ground
    const world = await World.open(ground, { replicas: 2 })
    const { commits } = world.topics
    for (let round = 2; round > 0; round--) {
      const ends = await endsOf(cluster, commits)
      for (const replica of world.replicas) {
        await replica.kill()
        await world.goesOn()
        await replica.start()
        await world.goesOn()
      }
      const added = await world.replica()
      await added.launch()
      progress(`trimmed to ${ends.join()} while ${added.name} starts`)
      await trim(cluster, commits, ends)
      await added.ready()
      const former = world.replicas.splice(0, world.replicas.length, added)
      await Promise.all(former.map((replica) => replica.kill()))
      await world.goesOn()
      // Readers that begin at the first result find it in the views of the former ones only.
      await Promise.all(former.map((replica) => replica.start()))
      world.replicas.push(...former)
      await world.goesOn()
      await retire(world, added)
    }
    return await world.finish()
  },
}

async function retire(world: World, replica: Replica): Promise<void> {
  world.replicas.splice(world.replicas.indexOf(replica), 1)
  await replica.kill('SIGTERM')
  await world.goesOn()
}
