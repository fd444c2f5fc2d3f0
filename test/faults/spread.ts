import type { Client } from '../support/client.js'
import type { Random } from '../support/random.js'
import type { Replica } from './replica.js'

type Calls = Pick<Client, 'start' | 'send' | 'ndjson' | 'end'>

/** Calls that go to any replica, each to another one. */
export function spread(replicas: readonly Replica[], random: Random): Calls {
  const any = (): Client => {
    const replica = replicas[random.int(0, replicas.length - 1)]
    if (replica === undefined) throw new Error('there is no replica')
    return replica.client
  }
  return {
    start: (...args) => any().start(...args),
    send: (...args) => any().send(...args),
    ndjson: (...args) => any().ndjson(...args),
    end: (...args) => any().end(...args),
  }
}
