import { isFullForm } from '../support/form.js'
import { runKills } from '../support/kill-run.js'
import { mutant } from '../support/mutants.js'
import { plantedFaults } from '../support/planted-faults.js'
import { announcedSeed } from '../support/random.js'
import type { ViolationKind } from '../support/violation.js'

// A kill can miss the instant at which a fault shows; twelve of them hardly do.
const schedules = 12

/** In the short form one of them, another each time: it takes servers of its own through kills. */
const PLANTED = 1
const seed = announcedSeed('kill-checker-mutants.spec')
const all = Object.entries(plantedFaults)
const first = seed % all.length
const planted = isFullForm ? all : [...all, ...all].slice(first, first + PLANTED)

describe('the kill checker goes red when', () => {
  it.each(planted)(
    '%s',
    async (_name, { patches, shows }) => {
      const programFolder = await mutant(patches)
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
