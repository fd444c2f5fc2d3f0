import { until } from '../../support/until.js'
import type { Fault } from '../fault.js'
import { endsOf, trim } from '../topics.js'
import { World } from '../world.js'

const sendsMeanwhile = 200

export const workersDown: Fault = {
  name: 'workers-down',
  title:
    'all workers down while sends go on, for longer than any retention but the input’s: nothing is left of the commit log',
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { cluster, progress } = ground
    const world = await World.open(ground, { replicas: 2, workers: 2 })
    const { commits } = world.topics
    await Promise.all(world.workers.map((worker) => worker.kill()))
    const enough = world.history.acked + sendsMeanwhile
    await until('sends are taken without workers', () => world.history.acked >= enough, 120_000)
    const ends = await endsOf(cluster, commits)
    progress(`${sendsMeanwhile} sends wait; the commit log is trimmed to its ends, ${ends.join()}`)
    await trim(cluster, commits, ends)
    await Promise.all(world.workers.map((worker) => worker.start()))
    world.generation++
    await world.goesOn()
    return await world.finish()
  },
}
