import { seeded } from '../../support/random.js'
import type { Fault } from '../fault.js'
import { schedules } from '../schedules.js'
import { World } from '../world.js'

const lanes = 40
const graceMs = 300

export const races: Fault = {
  name: 'races',
  title: `${Object.keys(schedules).join(', ')} across replicas, ten thousand times`,
  quick: false,
  limitMs: 1_800_000,
  async run(ground) {
    const { random, quick, progress } = ground
    const env = { CLOSING_GRACE_MS: String(graceMs), STREAM_IDLE_TIMEOUT_MS: '600000' }
    const world = await World.open(ground, { streams: 3, env })
    const total = quick ? 400 : 10_000
    const base = random.int(0, 2 ** 31)
    const kinds = Object.entries(schedules)
    let [begun, acks, unknown] = [0, 0, 0]
    const lane = async (): Promise<void> => {
      while (begun < total && !world.isOver) {
        const number = begun++
        const [name, schedule] = kinds[number % kinds.length] ?? []
        if (name === undefined || schedule === undefined) return
        if (number % 1000 === 0) progress(`${number} of ${total}`)
        try {
          const ran = await schedule(world, `race-${number}`, seeded(base + number))
          acks += ran.acks
          unknown += ran.unknown
          for (const violation of ran.violations) world.history.anomalies.push(`${name} ${number}: ${violation}`)
        } catch (error) {
          world.history.anomalies.push(`${name} ${number}: ${String(error)}`)
        }
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    await world.goesOn()
    const outcome = await world.finish()
    return { ...outcome, notes: [`${total} races with ${acks} acks and ${unknown} answers that do not know`] }
  },
}
