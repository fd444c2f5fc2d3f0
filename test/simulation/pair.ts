import { seeded } from '../support/random.js'
import { installVirtual } from './fake-globals.js'
import { MemoryDisk } from './memory-environment.js'
import { SimulatedCluster } from './simulated-cluster.js'
import { SimulatedGroup } from './simulated-group.js'
import { SimulatedReplica, soundWiring, type Parts } from './simulated-replica.js'
import { VirtualTime } from './virtual-time.js'

const PATIENCE_MS = 20_000

interface PairOptions {
  /** Streams end when they are idle. */
  readonly expires: boolean
  /** Of the second replica's wall clock, in ms. */
  readonly skewMs: number
}

/** Two replicas in virtual time, where nothing goes wrong but what a test does to the second. */
export class Pair {
  readonly restore: () => void
  private readonly time = new VirtualTime()
  private readonly replicas: readonly SimulatedReplica[]

  constructor({ expires, skewMs }: PairOptions = { expires: false, skewMs: 0 }) {
    const random = seeded(1)
    this.restore = installVirtual(this.time, random)
    const cluster = new SimulatedCluster(2, this.time, random, () => undefined)
    const group = new SimulatedGroup(cluster, random)
    const onStop = (reason: unknown): never => {
      throw reason instanceof Error ? reason : new Error(String(reason))
    }
    const ports = { cluster, group, random, wiring: soundWiring, retentionMs: 24 * 3_600_000, expires, onStop }
    this.replicas = [0, skewMs].map(
      (skew, index) => new SimulatedReplica(ports, `r${index}`, skew, { store: new MemoryDisk() }),
    )
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

  /** A reader comes to the replica, and stays. */
  async readAt(index: number, stream: string): Promise<void> {
    await this.ask(index, async ({ openings }) => {
      const { header } = await openings.find(stream, { lastEventId: undefined, from: undefined })
      this.replicas[index]?.readers.wait([stream, header.incarnation])
    })
  }

  /** Lets so many ms of virtual time pass. */
  async pass(ms: number): Promise<void> {
    await this.time.run(() => false, ms)
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
