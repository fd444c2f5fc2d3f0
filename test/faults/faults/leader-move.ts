import type { Fault } from '../fault.js'
import { moveLeaders } from '../topics.js'
import { World } from '../world.js'

export const leaderMove: Fault = {
  name: 'leader-move',
  title: 'every partition’s leader moved again and again, between two attempts of one append',
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { cluster, progress } = ground
    const world = await World.open(ground)
    let moves = 0
    for (let round = 10; round > 0; round--) {
      // Appends are on their way at any time, so that some meet a broker that has just ceased to lead.
      moves += await moveLeaders(cluster, world.topics.input)
      moves += await moveLeaders(cluster, world.topics.commits)
      await world.goesOn(2)
      progress(`${moves} moves`)
    }
    const outcome = await world.finish()
    return { ...outcome, notes: [`${moves} moves of leaders`] }
  },
}
