import { randomUUID } from 'node:crypto'

import { partitionOf } from '../../src/kafka/murmur2.js'
import { decodeCommit } from '../../src/kafka/wire.js'
import { extentsOf, openBroker, take } from './kafkajs-broker.js'

/** Ids of `count` streams whose partition is `partition` of `partitions`. */
export function idsIn(partition: number, partitions: number, count: number): string[] {
  const ids: string[] = []
  while (ids.length < count) {
    const id = `s-${randomUUID()}`
    if (partitionOf(id, partitions) === partition) ids.push(id)
  }
  return ids
}

/** What a message of a partition's commit log holds of one stream. */
export interface LoggedPatch {
  readonly offset: number
  readonly stream: string
  readonly lines: readonly string[]
}

/** What the commit logs of `prefix` hold now, partition by partition, read past the server. */
export async function loggedPatches(prefix: string, partitions: number): Promise<readonly (readonly LoggedPatch[])[]> {
  const broker = await openBroker({ prefix, partitions })
  const extents = await extentsOf(broker, 'commits')
  const done = new AbortController()
  const logs = extents.map(async ({ oldest, end }, partition) => {
    const reading = broker.read('commits', partition, oldest, done.signal)[Symbol.asyncIterator]()
    const messages = await take(reading, end - oldest)
    return messages.flatMap(({ offset, text }) => {
      const message = decodeCommit(partition, text)
      if (message.kind === 'marker') return []
      return message.commit.streams.map(({ id, runs }) => ({
        offset,
        stream: id,
        lines: runs.flatMap(({ lines }) => lines),
      }))
    })
  })
  const patches = await Promise.all(logs)
  done.abort()
  return patches
}
