import { until } from '../../support/until.js'
import type { Fault } from '../fault.js'
import { newestMarkers, trim } from '../topics.js'
import { World } from '../world.js'

const sendsMeanwhile = 200

/**
 * The commit log is left as short as retention ever makes it: owners remove what stands before a marker, and the newest one is kept.
 * So that there is something before it, every worker is killed once at first, and the other one takes its partitions.
 */
export const workersDown: Fault = {
  name: 'workers-down',
  title:
    'all workers down while sends go on, for longer than any retention but the input’s: the commit log begins at its newest markers',
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { cluster, progress } = ground
    const world = await World.open(ground, { replicas: 2, workers: 2 })
    const { commits } = world.topics
    for (const worker of world.workers) {
      await worker.kill()
      await world.goesOn()
      await worker.start()
    }
    await world.goesOn()
    await Promise.all(world.workers.map((worker) => worker.kill()))
    const enough = world.history.acked + sendsMeanwhile
    await until('sends are taken without workers', () => world.history.acked >= enough, 120_000)
    const markers = await newestMarkers(cluster, commits)
    progress(`${sendsMeanwhile} sends wait; the commit log is trimmed to its newest markers, ${markers.join()}`)
    await trim(cluster, commits, markers)
    await Promise.all(world.workers.map((worker) => worker.start()))
    world.generation++
    await world.goesOn()
    return await world.finish()
  },
}
