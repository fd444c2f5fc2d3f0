import { Logger } from '@nestjs/common'
import { seeded } from '../support/random.js'
import { installVirtual } from './fake-globals.js'
import { judge } from './judgement.js'
import type { Aim } from './profile.js'
import { soundWiring, type Wiring } from './simulated-replica.js'
import { VirtualTime } from './virtual-time.js'
import { World } from './world.js'

export interface Simulated {
  /** What is wrong with the outcome of the schedule. */
  readonly violations: readonly string[]
  /** How many faults of each kind were injected. */
  readonly injected: ReadonlyMap<string, number>
  /** What the cluster saw and answered, and what clients were told, line by line; empty unless it was asked for. */
  readonly trace: readonly string[]
  readonly events: number
}

interface Options {
  readonly wiring?: Wiring
  readonly aim?: Aim
  readonly traced?: boolean
}

/** Of the seed: another source of chance, so that what the program draws does not move what the schedule draws. */
const PROGRAM_STREAM = 0x5bd1e995

/** Runs the schedule of a seed in virtual time. The same seed gives the same trace. One at a time. */
export async function simulate(
  seed: number,
  { wiring = soundWiring, aim = {}, traced = false }: Options = {},
): Promise<Simulated> {
  Logger.overrideLogger(false)
  const time = new VirtualTime()
  const trace: string[] = []
  const note = traced
    ? (what: string): void => void trace.push(`${time.now.toFixed(1)} ${what}`)
    : (): void => undefined
  const restore = installVirtual(time, seeded(seed ^ PROGRAM_STREAM))
  try {
    const world = new World(time, seeded(seed), note, { wiring, aim })
    let violations: readonly string[]
    try {
      await world.run()
      violations = await judge(world)
    } catch (error) {
      violations = [...world.violations, String(error instanceof Error ? error.stack : error)]
    }
    return { violations, injected: world.cluster.injected, trace, events: time.count }
  } finally {
    restore()
  }
}
