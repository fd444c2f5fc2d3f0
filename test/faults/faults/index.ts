import type { Fault } from '../fault.js'
import { brokerKill } from './broker-kill.js'
import { damagedView } from './damaged-view.js'
import { ownerStop } from './owner-stop.js'
import { replicaChurn } from './replica-churn.js'
import { replicaKill } from './replica-kill.js'
import { retries } from './retries.js'

/** In the order in which they happen. */
export const faults: readonly Fault[] = [
  brokerKill,
  replicaKill,
  replicaChurn,
  ownerStop,
  retries,
  damagedView,
]
