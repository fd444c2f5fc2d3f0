import type { Fault } from '../fault.js'
import { brokerKill } from './broker-kill.js'
import { brokerStop } from './broker-stop.js'
import { damagedView } from './damaged-view.js'
import { laggingView } from './lagging-view.js'
import { leaderMove } from './leader-move.js'
import { noisyNeighbour } from './noisy-neighbour.js'
import { ownerStop } from './owner-stop.js'
import { races } from './races.js'
import { replicaChurn } from './replica-churn.js'
import { replicaKill } from './replica-kill.js'
import { restlessReader } from './restless-reader.js'
import { retries } from './retries.js'
import { rollingRestart } from './rolling-restart.js'
import { trimmedCommits } from './trimmed-commits.js'
import { twoBrokersDown } from './two-brokers-down.js'
import { workersDown } from './workers-down.js'

/** In the order in which they happen. */
export const faults: readonly Fault[] = [
  brokerKill,
  leaderMove,
  twoBrokersDown,
  rollingRestart,
  brokerStop,
  replicaKill,
  replicaChurn,
  ownerStop,
  retries,
  restlessReader,
  laggingView,
  damagedView,
  trimmedCommits,
  workersDown,
  noisyNeighbour,
  races,
]
