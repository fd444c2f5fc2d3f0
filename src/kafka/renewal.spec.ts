import { KafkaReplica } from '../../test/support/kafka-replica.js'
import { MemoryCluster } from '../../test/support/memory-broker.js'
import { failing } from '../../test/support/processing.js'
import { until } from '../../test/support/until.js'

const options = { graceMs: 10, appendTimeoutMs: 5_000, verdictTimeoutMs: 5_000 }

describe('a commit log that is trimmed', () => {
  it('still tells a view that begins with nothing of every open stream, however long nobody has used it', async () => {
    const cluster = new MemoryCluster(1)
    const replica = await KafkaReplica.start(cluster.broker(), { ...options, commitsRetentionMs: 300 })
    const { incarnation } = await replica.lifecycle.start('quiet', {})
    await replica.send('quiet', 'first')
    await replica.lifecycle.start('busy', {})
    await until('the quiet stream is processed', () => replica.results('quiet').length === 1)
    const { end } = extentOf(cluster)

    let sent = 0
    // Three retentions, so that what is kept of the quiet stream was said again, and what said it again was removed too.
    for (let trims = 0, oldest = 0; trims < 3; sent++) {
      await replica.send('busy', sent)
      const now = extentOf(cluster)
      if (now.oldest > Math.max(oldest, end)) {
        trims++
        oldest = now.end
      }
    }

    const fresh = await KafkaReplica.start(cluster.broker(), { ...options, commitsRetentionMs: 300 })
    await until('the fresh view has caught up', () => fresh.engine.caughtUp(0))
    expect(fresh.view.headers.get('quiet')).toMatchObject({ incarnation, status: 'open', lastSeq: 1 })
    await fresh.send('quiet', 'second')
    await until('both know of it', () => [replica, fresh].every(({ view }) => view.headers.get('quiet')?.lastSeq === 2))
    expect(replica.results('quiet')).toEqual(['first', 'second'])
    expect(replica.results('busy')).toHaveLength(sent)
    expect([...replica.failures, ...fresh.failures]).toEqual([])
  })

  it('still tells of records that failed long before, so that each can be replayed whoever owns the stream by then', async () => {
    const cluster = new MemoryCluster(1)
    const process = failing
    const replica = await KafkaReplica.start(cluster.broker(), { ...options, commitsRetentionMs: 300, process })
    await replica.lifecycle.start('s', {})
    for (const value of ['a', 'b', 'c']) await replica.send('s', value)
    await until('they have failed', () => replica.results('s').length === 3)
    const { end } = extentOf(cluster)
    // The stream itself is busy: what is said of it with each record is not said of its letters.
    for (let sent = 0; extentOf(cluster).oldest < end; sent++) await replica.send('s', sent)
    await replica.close()

    const fresh = await KafkaReplica.start(cluster.broker(), { ...options, commitsRetentionMs: 300, process })
    await until('the fresh view has caught up', () => fresh.engine.caughtUp(0))
    const records = (): unknown[] => {
      const header = fresh.view.headers.get('s')
      const letters = header && fresh.view.deadLetters.page(header, 0, 3, fresh.engine.now())
      return (letters ?? []).map(({ record = '' }) => JSON.parse(record) as unknown)
    }
    expect(records()).toEqual(['a', 'b', 'c'])
    const { incarnation = '' } = fresh.view.headers.get('s') ?? {}
    await fresh.engine.append(0, { kind: 'replay', stream: 's', incarnation, seq: 2 })
    await until('it is taken out', () => records()[1] === 'c')
    expect([...replica.failures, ...fresh.failures]).toEqual([])
  })

  it('is trimmed by nobody while nobody owns its partition', async () => {
    const cluster = new MemoryCluster(1)
    const replica = await KafkaReplica.start(cluster.broker(), { ...options, commitsRetentionMs: 300 })
    await replica.lifecycle.start('s', {})
    await replica.send('s', 'acked')
    await replica.close()
    const { oldest } = extentOf(cluster)
    cluster.advance(10 * 300)
    const fresh = await KafkaReplica.start(cluster.broker(), { ...options, commitsRetentionMs: 300 })
    await until('it is processed', () => fresh.results('s').length === 1)
    expect(extentOf(cluster).oldest).toBe(oldest)
  })

  it('to its end, by hand, makes an empty view say why it waits, until one that is whole takes the partition', async () => {
    const cluster = new MemoryCluster(1)
    const whole = await KafkaReplica.start(cluster.broker(), options)
    const owner = await KafkaReplica.start(cluster.broker(), options)
    await whole.lifecycle.start('s', {})
    await whole.send('s', 'acked')
    await until('all have it', () => [whole, owner].every((replica) => replica.results('s').length === 1))
    const { end } = extentOf(cluster)
    cluster.trim('commits', 0, end)

    const said: string[] = []
    const fresh = await KafkaReplica.start(cluster.broker(), { ...options, log: (message) => said.push(message) })
    await until('it says so', () => said.length > 0)
    expect(said).toEqual([expect.stringMatching(/^The commit log of partition 0 has lost what tells of its streams/)])
    expect(fresh.engine.caughtUp(0)).toBe(false)
    await owner.close()
    await until('it has caught up', () => fresh.engine.caughtUp(0))
    await until('it knows the stream', () => fresh.view.headers.get('s')?.lastSeq === 1)
    expect(said).toHaveLength(1)
    expect([...whole.failures, ...owner.failures, ...fresh.failures]).toEqual([])
  })
})

it('a view that finds nothing where it was about to read says so', async () => {
  const cluster = new MemoryCluster(1)
  const owner = await KafkaReplica.start(cluster.broker(), options)
  await owner.lifecycle.start('s', {})
  const broker = cluster.broker()
  const said: string[] = []
  // Between the question where the log begins and the first read of it.
  const extent = broker.extent.bind(broker)
  broker.extent = async (log, partition) => {
    const found = await extent(log, partition)
    if (log === 'commits') cluster.trim(log, partition, found.end)
    return found
  }
  await KafkaReplica.start(broker, { ...options, log: (message) => said.push(message) })
  await until('it says so', () => said.length > 0)
})

function extentOf(cluster: MemoryCluster): { oldest: number; end: number } {
  const { oldest, messages } = cluster.partition('commits', 0)
  return { oldest, end: oldest + messages.length }
}
