import { isOnKafka } from '../support/engine-env.js'
import { isFullForm } from '../support/form.js'
import { runKills } from '../support/kill-run.js'
import { announcedSeed } from '../support/random.js'

const full = { rounds: 12, acksPerRound: 500 }
/** On Kafka a round takes 7 s, in which the group misses the killed member. */
const short = isOnKafka() ? { rounds: 2, acksPerRound: 250 } : { rounds: 4, acksPerRound: 500 }
const { rounds, acksPerRound } = isFullForm ? full : short

describe('SIGKILL at any instant', () => {
  it('loses nothing acked, repeats nothing, mixes nothing up, and readers resume through it', async () => {
    const report = await runKills({ seed: announcedSeed('kill.spec'), rounds, acksPerRound, streams: 12 })
    expect(report.violations.slice(0, 20)).toEqual([])
    expect(report.ackedPerRound).toHaveLength(rounds)
    expect(Math.min(...report.ackedPerRound)).toBeGreaterThanOrEqual(acksPerRound)
  }, 600_000)
})
