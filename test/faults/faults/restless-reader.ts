import type { Fault } from '../fault.js'
import { World } from '../world.js'

const reconnectMs = 0

export const restlessReader: Fault = {
  name: 'restless-reader',
  title: 'readers moved to another replica at every event',
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const world = await World.open(ground, { streams: 4 })
    for (const stream of world.streams) stream.read({ restless: true, reconnectMs })
    await world.goesOn(100)
    const outcome = await world.finish()
    const moves = world.readers.reduce((sum, { connections }) => sum + connections.length - 1, 0)
    return { ...outcome, notes: [`${moves} moves`] }
  },
}
