import { elapsed } from '../../support/elapsed.js'
import type { Fault } from '../fault.js'
import { World } from '../world.js'

/** Longer than the group waits for a member, 6 s, so that another replica owns its partitions when it goes on. */
const heldMs = 12_000

export const ownerStop: Fault = {
  name: 'owner-stop',
  title: `SIGSTOP an owner for ${heldMs / 1000} s, past its session, and let it go on`,
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { random, progress } = ground
    const world = await World.open(ground)
    for (let round = 4; round > 0; round--) {
      const owner = await world.ownerOf(random.int(0, world.partitions - 1))
      progress(`${owner.name}, which owns ${(await owner.partitions()).join()}, stands still`)
      owner.pause()
      await elapsed(heldMs)
      // It wakes up as an owner that knows of nothing, with sends and commits on their way.
      owner.resume()
      await world.goesOn()
    }
    return await world.finish()
  },
}
