import { until } from '../../support/until.js'
import type { Fault } from '../fault.js'
import { endsOf, trim } from '../topics.js'
import { World } from '../world.js'

const sendsMeanwhile = 200

/**
 * More is removed than retention ever removes: owners keep their newest marker. The view of the worker that went in peace has what the
 * log has lost; the one that was killed before has not, and must wait for the other.
 */
export const workersDown: Fault = {
  name: 'workers-down',
  title:
    'all workers down while sends go on, for longer than any retention but the input’s: nothing is left of the commit log',
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { cluster, progress } = ground
    const world = await World.open(ground, { replicas: 2, workers: 2 })
    const { history, topics, workers } = world
    const [killed, last] = workers
    if (killed === undefined || last === undefined) throw new Error('there are not two workers')
    await killed.kill()
    await world.goesOn()
    await last.kill('SIGTERM')
    const enough = history.acked + sendsMeanwhile
    await until('sends are taken without workers', () => history.acked >= enough, 120_000)
    const ends = await endsOf(cluster, topics.commits)
    progress(`${sendsMeanwhile} sends wait; the commit log is trimmed to its ends, ${ends.join()}`)
    await trim(cluster, topics.commits, ends)
    await killed.launch()
    await until('the killed one waits', async () => (await killed.output()).includes('has lost what tells'), 60_000)
    await Promise.all([last.start(), killed.ready()])
    world.generation++
    await world.goesOn()
    return await world.finish()
  },
}
