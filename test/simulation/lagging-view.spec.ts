import { seeded } from '../support/random.js'
import { installVirtual } from './fake-globals.js'
import { MemoryDisk } from './memory-environment.js'
import { SimulatedCluster } from './simulated-cluster.js'
import { SimulatedGroup } from './simulated-group.js'
import { SimulatedReplica, soundWiring, type Parts } from './simulated-replica.js'
import { VirtualTime } from './virtual-time.js'

const PATIENCE_MS = 20_000

/** Two replicas in virtual time, of which the second is behind with what the first was told last. */
class Pair {
  readonly restore: () => void
  private readonly time = new VirtualTime()
  private readonly replicas: readonly SimulatedReplica[]

  constructor() {
    const random = seeded(1)
    this.restore = installVirtual(this.time, random)
    const cluster = new SimulatedCluster(2, this.time, random, () => undefined)
    const group = new SimulatedGroup(cluster, random)
    const onStop = (reason: unknown): never => {
      throw reason instanceof Error ? reason : new Error(String(reason))
    }
    const ports = { cluster, group, random, wiring: soundWiring, expires: false, onStop }
    this.replicas = ['first', 'second'].map((name) => new SimulatedReplica(ports, name, 0, { store: new MemoryDisk() }))
  }

  /** What the replica answers; virtual time goes on until it does. */
  async ask<T>(index: number, call: (parts: Parts) => Promise<T>): Promise<T> {
    const replica = this.replicas[index]
    if (replica === undefined) throw new RangeError(`no replica ${index}`)
    await this.time.run(() => replica.serving !== undefined, PATIENCE_MS)
    let answer: Promise<T> | undefined
    let settled = false
    replica.within(() => {
      if (replica.serving !== undefined) answer = call(replica.serving)
      answer?.then(
        () => (settled = true),
        () => (settled = true),
      )
    })
    await this.time.run(() => settled, PATIENCE_MS)
    if (answer === undefined) throw new Error('the replica does not serve')
    return answer
  }

  /** A stream has ended, as both know, and lives again, as only the first one knows. Returns its new life. */
  async startAnew(stream: string): Promise<string> {
    await this.ask(0, ({ lifecycle }) => lifecycle.start(stream, {}))
    await this.ask(0, ({ lifecycle }) => lifecycle.close('end', stream))
    const ended = (): boolean =>
      this.replicas.every(({ serving }) => serving?.view.headers.get(stream)?.status === 'ended')
    await this.time.run(ended, PATIENCE_MS)
    const [, second] = this.replicas
    if (second !== undefined) second.broker.stalledUntil = this.time.now + 1_000
    return (await this.ask(0, ({ lifecycle }) => lifecycle.start(stream, {}))).incarnation
  }
}

describe('a replica whose view is behind', () => {
  let pair: Pair

  beforeEach(() => {
    pair = new Pair()
  })
  afterEach(() => {
    pair.restore()
  })

  // Found by the simulation: its schedule 50 of seed 1 was told 409.
  it('takes sends to a stream that has ended there and was started anew elsewhere', async () => {
    await pair.startAnew('c')
    expect(await pair.ask(1, (parts) => parts.send('c', 1))).toEqual({ accepted: 1, duplicate: false })
  })

  // Found by the simulation: a reader in its schedule 242 of seed 1 was given the end, and would have been given 204 when it came back.
  it('gives a new reader the life that a stream was started anew with, not the end of the one before', async () => {
    const incarnation = await pair.startAnew('c')
    const { header } = await pair.ask(1, ({ openings }) =>
      openings.find('c', { lastEventId: undefined, from: undefined }),
    )
    expect(header.incarnation).toBe(incarnation)
  })
})
