import { randomBytes } from 'node:crypto'

import { check } from '../support/checker.js'
import { afterTests } from '../support/clean-up.js'
import { History } from '../support/history.js'
import { KillStream } from '../support/kill-stream.js'
import { writerKinds } from '../support/kill-writer.js'
import type { Random } from '../support/random.js'
import type { Route, Stage } from '../support/stage.js'
import { until } from '../support/until.js'
import { count } from './counts.js'
import type { Ground, Outcome } from './fault.js'
import { Replica } from './replica.js'
import { ReplicaRoute } from './route.js'

export interface WorldOptions {
  readonly replicas?: number
  readonly streams?: number
  /** Of every replica. */
  readonly env?: Readonly<Record<string, string>>
}

const partitions = 3
const writersOfStream = 3
const goesOnLimitMs = 90_000
const drainMs = 90_000

/** Topics of their own on the cluster, replicas on them, and clients who write and read streams through any of these. */
export class World implements Stage {
  readonly history = new History()
  readonly random: Random
  /** Those that clients know of: they come back to one that is down. */
  readonly replicas: Replica[] = []
  readonly streams: KillStream[] = []
  readonly paceMs = 50
  isOver = false
  generation = 0
  readonly prefix = `faults-${randomBytes(4).toString('hex')}`
  private clients = 0
  private names = 0

  private constructor(
    readonly ground: Ground,
    private readonly env: Readonly<Record<string, string>>,
  ) {
    this.random = ground.random
    afterTests(() => void (this.isOver = true))
  }

  /** A world in which every stream takes sends and delivers. */
  static async open(ground: Ground, options: WorldOptions = {}): Promise<World> {
    const { replicas = 3, streams = 6, env = {} } = options
    const world = new World(ground, env)
    const added = await Promise.all(Array.from({ length: replicas }, () => world.replica()))
    world.replicas.push(...added)
    await Promise.all(added.map((replica) => replica.start()))
    for (let number = 0; number < streams; number++) world.streams.push(await world.stream(number))
    await world.goesOn()
    return world
  }

  get topics(): { readonly input: string; readonly commits: string } {
    return { input: `${this.prefix}.input`, commits: `${this.prefix}.commits` }
  }

  get partitions(): number {
    return partitions
  }

  /** One more replica, which was not started yet and which no client knows. */
  async replica(env: Readonly<Record<string, string>> = {}): Promise<Replica> {
    return await Replica.prepare(this.ground, `${this.prefix}-replica-${++this.names}`, {
      ENGINE: 'kafka',
      KAFKA_BROKERS: this.ground.cluster.brokers.join(),
      KAFKA_PREFIX: this.prefix,
      KAFKA_PARTITIONS: String(partitions),
      ...this.env,
      ...env,
    })
  }

  /** The replica that the group has given a partition. */
  async ownerOf(partition: number): Promise<Replica> {
    return await until(`partition ${partition} has an owner`, async () => {
      for (const replica of this.replicas) {
        if (replica.isRunning && (await replica.partitions()).includes(partition)) return replica
      }
      return undefined
    })
  }

  /** Waits until every stream has taken more sends, and delivered more results, than now. */
  async goesOn(sends = 10): Promise<void> {
    const open = this.streams.filter(({ isEnded }) => !isEnded).map(({ history }) => history)
    const wanted = open.map((stream) => ({
      stream,
      acks: stream.ackedAt.length + sends,
      results: delivered(stream) + sends,
    }))
    const late = (): string[] =>
      wanted
        .filter(({ stream, acks, results }) => stream.ackedAt.length < acks || delivered(stream) < results)
        .map(({ stream }) => stream.id)
    await until('every stream goes on', () => late().length === 0, goesOnLimitMs).catch((cause: unknown) => {
      throw new Error(`stuck: ${late().join(', ')}`, { cause })
    })
  }

  route(): Route {
    return new ReplicaRoute(this.replicas, this.clients++)
  }

  readerUrl(): () => string {
    let at = this.clients++
    return () => this.replicas[at++ % this.replicas.length]?.url ?? 'http://127.0.0.1:1'
  }

  /** Ends all streams, waits until all readers have it all, and lets the checker judge. */
  async finish(): Promise<Outcome> {
    this.isOver = true
    await Promise.all(this.streams.map((stream) => stream.drain(drainMs)))
    await Promise.all(this.replicas.map((replica) => replica.kill()))
    const violations = check(this.history)
    return { counts: count(this.history, violations), violations }
  }

  private async stream(number: number): Promise<KillStream> {
    const kinds = Array.from(
      { length: writersOfStream },
      (_, index) => writerKinds[(number * writersOfStream + index) % writerKinds.length] ?? 'single',
    )
    const stream = await KillStream.open(this, `stream-${number}`, kinds)
    stream.read()
    return stream
  }
}

function delivered({ readers }: { readonly readers: readonly { readonly events: readonly unknown[] }[] }): number {
  return Math.max(0, ...readers.map(({ events }) => events.length))
}
