import type { Store } from '../view/store.js'
import type { Broker } from './broker.js'
import { readState } from './tail-state.js'

/** Why the store is no view of the logs that can go on; undefined if it is one. */
export async function reasonAgainst(store: Store, broker: Broker): Promise<string | undefined> {
  const known = Array.from({ length: broker.partitions }, async (_, partition) => {
    const state = readState(store, partition)
    return state === undefined ? [] : [{ ...(await broker.extent('commits', partition)), partition, ...state }]
  })
  const views = (await Promise.all(known)).flat()
  if (views.some(({ oldest, next }) => next < oldest)) return 'the logs do not hold any more what comes behind it'
  if (views.some(({ end, next }) => next > end)) return 'the logs end before it'
  for (const { partition, oldest, next, stamp } of views)
    if (next > oldest && (await stampAt(broker, partition, next - 1)) !== stamp) return 'it is of other logs'
  return undefined
}

/** When the message was appended. */
async function stampAt(broker: Broker, partition: number, offset: number): Promise<number | undefined> {
  const done = new AbortController()
  try {
    for await (const [message] of broker.read('commits', partition, offset, done.signal)) return message?.at
  } finally {
    done.abort()
  }
  return undefined
}
