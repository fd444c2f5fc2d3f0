import { DEFAULT_STATE_LIMITS, type RunLimits } from '#libs/processor'
import { KafkaReplica } from '../../test/support/kafka-replica.js'
import { MemoryCluster } from '../../test/support/memory-broker.js'
import { answering, identityJob, MemoryJob, type JobAnswers } from '../../test/support/memory-job.js'
import { until } from '../../test/support/until.js'
import { External } from './external.js'

const limits: RunLimits = { state: DEFAULT_STATE_LIMITS, results: 10, chars: 100_000, together: 200_000 }
const timings = { graceMs: 10, appendTimeoutMs: 5_000, verdictTimeoutMs: 5_000 }

interface Stage {
  readonly replica: KafkaReplica
  readonly external: External
  readonly logged: readonly string[]
}

/** A replica that has its records processed by a job. */
async function started(cluster: MemoryCluster): Promise<Stage> {
  const logged: string[] = []
  const broker = cluster.broker()
  const external = new External(broker, limits, (message) => logged.push(message))
  const replica = await KafkaReplica.start(broker, { ...timings, external })
  return { replica, external, logged }
}

const success = (data: unknown): unknown => ({ status: 'success', data })

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

async function sendAll(replica: KafkaReplica, stream: string, values: readonly unknown[]): Promise<void> {
  await Promise.all(values.map((value) => replica.send(stream, value)))
}

async function resultsOf(replica: KafkaReplica, stream: string, count: number): Promise<unknown[]> {
  await until(`${stream} has ${count} results`, () => replica.results(stream).length >= count)
  return replica.results(stream)
}

describe('external processing', () => {
  it('gives every record the results that the job gives it, in the order of the sends', async () => {
    const cluster = new MemoryCluster(3)
    const { replica } = await started(cluster)
    const job = new MemoryJob(cluster, identityJob)
    const streams = range(6).map((index) => `s${index}`)
    await Promise.all(streams.map((stream) => replica.lifecycle.start(stream, {})))
    await Promise.all(streams.map((stream) => sendAll(replica, stream, range(50))))
    for (const stream of streams) expect(await resultsOf(replica, stream, 50)).toEqual(range(50).map(success))
    await job.stop()
    expect(replica.failures).toEqual([])
    await replica.close()
  })

  it('takes one answer where the job answers twice, record by record and backwards', async () => {
    const cluster = new MemoryCluster(1)
    const { replica } = await started(cluster)
    const backwards: JobAnswers = (work) =>
      [...work.records.entries()]
        .reverse()
        .flatMap(([at, record]) =>
          [1, 2].map((time) => answering({ ...work, index: work.index + at, count: 1 }, [[record, time]])),
        )
    const job = new MemoryJob(cluster, backwards)
    await replica.lifecycle.start('s', {})
    await sendAll(replica, 's', range(20))
    expect(await resultsOf(replica, 's', 40)).toEqual(range(20).flatMap((value) => [success(value), success(1)]))
    await job.stop()
    await replica.close()
  })

  it('hands a large send out in pieces, each named by its first record', async () => {
    const cluster = new MemoryCluster(1)
    const { replica } = await started(cluster)
    const job = new MemoryJob(cluster, identityJob)
    await replica.lifecycle.start('s', {})
    const body = Buffer.from(range(1_200).join('\n'))
    await replica.sends.send('s', { headers: { 'content-type': 'application/x-ndjson' }, body })
    expect(await resultsOf(replica, 's', 1_200)).toEqual(range(1_200).map(success))
    expect(job.seen.map(({ offset, index, count }) => [offset, index, count])).toEqual([
      [1, 0, 500],
      [1, 500, 500],
      [1, 1_000, 200],
    ])
    await job.stop()
    await replica.close()
  })

  it('drops what is no answer, and goes on', async () => {
    const cluster = new MemoryCluster(1)
    const { replica, logged } = await started(cluster)
    const noisy: JobAnswers = (work) => [
      'nonsense',
      '{}',
      answering({ ...work, offset: work.offset + 1_000 }, [['stray']]),
      ...identityJob(work),
    ]
    const job = new MemoryJob(cluster, noisy)
    await replica.lifecycle.start('s', {})
    await sendAll(replica, 's', range(20))
    expect(await resultsOf(replica, 's', 20)).toEqual(range(20).map(success))
    await job.stop()
    expect(logged).toEqual([expect.stringMatching(/^Dropped .*: 1 malformed, 0 that nobody waits for/)])
    expect(replica.failures).toEqual([])
    await replica.close()
  })

  it('goes on where an owner is taken over: the work is written again, and one of its answers counts', async () => {
    const cluster = new MemoryCluster(1)
    const first = await started(cluster)
    await first.replica.lifecycle.start('s', {})
    await sendAll(first.replica, 's', range(30))
    await until('the first owner has written its work', async () => (await extentOf(cluster)).end > 0)
    const written = (await extentOf(cluster)).end
    const second = await started(cluster)
    await until('the second one too', async () => (await extentOf(cluster)).end > written)
    // It answers what each of the two has written; the first one hears of it too, and commits nothing that counts.
    const job = new MemoryJob(cluster, identityJob)
    await sendAll(second.replica, 's', range(30))
    const expected = [...range(30), ...range(30)].map(success)
    expect(await resultsOf(second.replica, 's', 60)).toEqual(expected)
    expect(await resultsOf(first.replica, 's', 60)).toEqual(expected)
    expect(job.seen.length).toBeGreaterThan(written)
    await job.stop()
    expect([...first.replica.failures, ...second.replica.failures]).toEqual([])
    await Promise.all([first.replica.close(), second.replica.close()])
  })

  it('waits for a job that does not answer, takes sends meanwhile, and stops all the same', async () => {
    const cluster = new MemoryCluster(1)
    const { replica } = await started(cluster)
    await replica.lifecycle.start('s', {})
    await sendAll(replica, 's', range(5))
    await until('the work is written', async () => (await extentOf(cluster)).end > 0)
    await sendAll(replica, 's', range(5))
    expect(replica.results('s')).toEqual([])
    await replica.close()
    const next = await started(cluster)
    const job = new MemoryJob(cluster, identityJob)
    expect(await resultsOf(next.replica, 's', 10)).toEqual([...range(5), ...range(5)].map(success))
    await job.stop()
    await next.replica.close()
  })

  it('writes the work again when answers were removed before it has read them', async () => {
    const cluster = new MemoryCluster(1)
    const { replica } = await started(cluster)
    // The answer is gone in the very turn in which it was written: nobody has read it.
    let trimmed = 0
    const forgetful = new MemoryJob(cluster, (work) => {
      const { oldest, messages } = cluster.partition('done', 0)
      if (trimmed++ > 0) return identityJob(work)
      cluster.append('done', 0, [{ key: work.stream, text: JSON.stringify(identityJob(work)[0]) }])
      cluster.trim('done', 0, oldest + messages.length)
      return []
    })
    await replica.lifecycle.start('s', {})
    await sendAll(replica, 's', [1])
    expect(await resultsOf(replica, 's', 1)).toEqual([success(1)])
    expect(forgetful.seen.map(({ offset }) => offset)).toEqual([1, 1])
    await forgetful.stop()
    await replica.close()
  })

  it('ends a stream behind the results of all that was sent before', async () => {
    const cluster = new MemoryCluster(1)
    const { replica } = await started(cluster)
    await replica.lifecycle.start('s', {})
    await sendAll(replica, 's', range(5))
    // What the owner has to decide waits for the job too, in log order.
    const closed = replica.lifecycle.close('end', 's')
    await until('the work is written', async () => (await extentOf(cluster)).end > 0)
    const job = new MemoryJob(cluster, identityJob)
    await closed
    await until('the stream has ended', () => replica.view.headers.get('s')?.status === 'ended')
    expect(replica.results('s')).toEqual(range(5).map(success))
    await job.stop()
    await replica.close()
  })
})

const extentOf = (cluster: MemoryCluster): Promise<{ oldest: number; end: number }> =>
  cluster.broker().extent('work', 0)
