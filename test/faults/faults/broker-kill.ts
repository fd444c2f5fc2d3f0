import type { Fault } from '../fault.js'
import { inSync, leaderMoves, leaderOf } from '../topics.js'
import { World } from '../world.js'

export const brokerKill: Fault = {
  name: 'broker-kill',
  title: 'kill -9 the broker that leads a partition in use, during sends',
  quick: true,
  limitMs: 900_000,
  async run(ground) {
    const { cluster, random, quick, progress } = ground
    const world = await World.open(ground)
    const moved: number[] = []
    for (let round = quick ? 1 : 3; round > 0; round--) {
      const partition = random.int(0, world.partitions - 1)
      const leader = await leaderOf(cluster, world.topics.input, partition)
      progress(`node ${leader}, which leads partition ${partition}, is killed`)
      await cluster.kill(leader)
      const killed = performance.now()
      const moves = leaderMoves(cluster, world.topics.input, partition, leader).then(() => performance.now() - killed)
      const [movedMs] = await Promise.all([moves, world.goesOn()])
      moved.push(Math.round(movedMs))
      await cluster.restart(leader)
      await inSync(cluster)
      await world.goesOn()
    }
    const outcome = await world.finish()
    const { ackGapMs } = outcome.counts
    return {
      ...outcome,
      targets: [{ name: 'sends recovered', ms: ackGapMs, atMostMs: 10_000 }],
      notes: [`Kafka itself had another leader after ${moved.join(', ')} ms`],
    }
  },
}
