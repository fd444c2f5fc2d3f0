import { KafkaReplica } from '../../test/support/kafka-replica.js'
import { MemoryCluster } from '../../test/support/memory-broker.js'
import { failing } from '../../test/support/processing.js'
import { until } from '../../test/support/until.js'
import type { BatchHandler } from '../processing/batch.js'

const options = { graceMs: 10, appendTimeoutMs: 5_000, verdictTimeoutMs: 5_000 }

describe('an owner whose partition is taken while a processor works', () => {
  it('stops, and fails over nothing that the new owner has done with its dead letters', async () => {
    const cluster = new MemoryCluster(1)
    const gate = { held: Promise.resolve(), open: (): void => undefined }
    let asked = 0
    const process: BatchHandler = async (batch) => {
      asked++
      await gate.held
      return failing(batch)
    }
    const former = await KafkaReplica.start(cluster.broker(), { ...options, process })
    await former.lifecycle.start('s', {})
    for (const value of ['a', 'b', 'c']) await former.send('s', value)
    await until('they have failed', () => former.results('s').length === 3)
    const { incarnation = '' } = former.view.headers.get('s') ?? {}

    gate.held = new Promise((resolve) => (gate.open = resolve))
    const before = asked
    await former.engine.append(0, { kind: 'replay', stream: 's', incarnation, seq: 2 })
    await until('the processor works', () => asked > before)
    const next = await KafkaReplica.start(cluster.broker(), { ...options, process: failing })
    await until('both know of it', () => [former, next].every((replica) => replica.results('s').length === 4))
    gate.open()
    await former.send('s', 1)
    await until('both go on', () => [former, next].every((replica) => replica.results('s').length === 5))
    const header = next.view.headers.get('s')
    const letters = header && next.view.deadLetters.page(header, 0, 9, next.engine.now())
    expect(letters?.map(({ seq, record }) => [seq, record])).toEqual([
      [1, '"a"'],
      [3, '"c"'],
      [4, '"b"'],
    ])
    expect([...former.failures, ...next.failures]).toEqual([])
  })
})
