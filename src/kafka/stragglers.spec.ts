import { KafkaReplica } from '../../test/support/kafka-replica.js'
import { MemoryCluster } from '../../test/support/memory-broker.js'
import { echo } from '../../test/support/processing.js'
import { until } from '../../test/support/until.js'
import type { BatchHandler } from '../processing/batch.js'
import { Descriptions } from '../streams/descriptions.js'
import { Directory } from '../streams/directory.js'
import { Readers } from '../streams/readers.js'
import { readConfig } from '../config/config.js'

const options = { graceMs: 10, appendTimeoutMs: 5_000, verdictTimeoutMs: 5_000 }

/** Log times of the records that `slow` was asked for. */
function timing(isStuck: boolean): { process: BatchHandler; times: number[] } {
  const times: number[] = []
  const process: BatchHandler = async (batch) => {
    const done = await echo(batch)
    return batch.map(({ stream, inputs }, index) => {
      if (stream === 'slow') times.push(...inputs.map(({ at }) => at))
      const answer = done[index] ?? { outcomes: [], again: false }
      return stream === 'slow' && isStuck ? new Promise(() => undefined) : answer
    })
  }
  return { process, times }
}

describe('a stream that is behind the others', () => {
  it('has its records at the times they had, by whoever takes the partition', async () => {
    const cluster = new MemoryCluster(1)
    const [former, next] = [timing(true), timing(false)]
    const replica = await KafkaReplica.start(cluster.broker(), { ...options, process: former.process })
    for (const stream of ['slow', 'quick']) await replica.lifecycle.start(stream, {})
    await replica.send('slow', 1)
    await until('it is at work', () => former.times.length === 1)
    cluster.advance(3_600_000)
    await replica.send('quick', 1)
    await until('the others have gone on', () => replica.results('quick').length === 1)
    await replica.close()
    const fresh = await KafkaReplica.start(cluster.broker(), { ...options, process: next.process })
    await until('it is done', () => fresh.results('slow').length === 1)
    expect(next.times).toEqual(former.times)
    expect([...replica.failures, ...fresh.failures]).toEqual([])
  })

  it('is known to be behind by replicas that append nothing', async () => {
    const cluster = new MemoryCluster(1)
    const { process } = timing(true)
    const active = await KafkaReplica.start(cluster.broker(), { ...options, process })
    const other = await KafkaReplica.start(cluster.broker(), { ...options, process })
    for (const stream of ['slow', 'quick']) await active.lifecycle.start(stream, {})
    await active.send('slow', 1)
    for (let n = 1; n <= 5; n++) await active.send('quick', n)
    await until('the others have gone on', () => other.results('quick').length === 5)
    await until('it is behind', () => other.view.spread(0))
    const lags = [active, other].map(async ({ engine, view }) => {
      const descriptions = new Descriptions(engine, view, new Directory(engine, view), new Readers(readConfig({})))
      const rows = await Promise.all(['slow', 'quick'].map((stream) => descriptions.describe(stream)))
      return rows.map(({ lag }) => lag)
    })
    expect(await Promise.all(lags)).toEqual([
      [6, 0],
      [6, 0],
    ])
  })
})
