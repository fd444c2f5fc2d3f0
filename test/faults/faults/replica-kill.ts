import type { Fault } from '../fault.js'
import { World } from '../world.js'

/** Every replica serves readers and takes sends; the one that is killed owns a partition besides. */
export const replicaKill: Fault = {
  name: 'replica-kill',
  title: 'kill -9 a replica that owns partitions and serves readers, who resume on another',
  quick: true,
  limitMs: 900_000,
  async run(ground) {
    const { random, quick, progress } = ground
    const world = await World.open(ground)
    for (let round = quick ? 1 : 8; round > 0; round--) {
      const owner = await world.ownerOf(random.int(0, world.partitions - 1))
      progress(`${owner.name}, which owns ${(await owner.partitions()).join()}, is killed`)
      await owner.kill()
      await world.goesOn()
      await owner.start()
      world.generation++
      await world.goesOn()
    }
    const outcome = await world.finish()
    const { deliveryGapMs } = outcome.counts
    return { ...outcome, targets: [{ name: 'partitions of a killed owner', ms: deliveryGapMs, atMostMs: 15_000 }] }
  },
}
