import type { Fault } from '../fault.js'
import { brokerKill } from './broker-kill.js'

export const faults: readonly Fault[] = [brokerKill]
