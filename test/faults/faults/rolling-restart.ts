import type { Fault } from '../fault.js'
import { inSync } from '../topics.js'
import { World } from '../world.js'

export const rollingRestart: Fault = {
  name: 'rolling-restart',
  title: 'all brokers restarted one after the other, in order (SIGTERM)',
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { cluster, progress } = ground
    const world = await World.open(ground)
    for (const node of [1, 2, 3] as const) {
      progress(`node ${node}`)
      await cluster.kill(node, 'SIGTERM')
      await world.goesOn()
      await cluster.restart(node)
      await inSync(cluster)
      await world.goesOn()
    }
    return await world.finish()
  },
}
