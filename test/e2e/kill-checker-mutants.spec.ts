import { runKills } from '../support/kill-run.js'
import { mutant } from '../support/mutants.js'
import { plantedFaults } from '../support/planted-faults.js'
import { announcedSeed } from '../support/random.js'
import type { ViolationKind } from '../support/violation.js'

// A kill can miss the instant at which a fault shows; twelve of them hardly do.
const schedules = 12

describe('the kill checker goes red when', () => {
  it.each(Object.entries(plantedFaults))(
    '%s',
    async (name, { patches, shows }) => {
      const programFolder = await mutant(patches)
      const seed = announcedSeed(name)
      const found = new Set<ViolationKind>()
      for (let schedule = 0; schedule < schedules && !found.has(shows); schedule++) {
        const report = await runKills({
          seed: seed + schedule,
          rounds: 1,
          acksPerRound: 150,
          streams: 6,
          drainMs: 2000,
          withStartKill: false,
          server: { programFolder },
        })
        for (const { kind } of report.violations) found.add(kind)
      }
      expect([...found]).toContain(shows)
    },
    600_000,
  )
})
