import { randomBytes } from 'node:crypto'

import { check } from '../support/checker.js'
import { afterTests } from '../support/clean-up.js'
import { History } from '../support/history.js'
import { KillStream } from '../support/kill-stream.js'
import { writerKinds } from '../support/kill-writer.js'
import type { WriterKind } from '../support/kill-writer.js'
import type { Random } from '../support/random.js'
import type { SseReader } from '../support/sse-reader.js'
import type { Route, Stage } from '../support/stage.js'
import { until } from '../support/until.js'
import { count } from './counts.js'
import type { Ground, Outcome } from './fault.js'
import { Replica } from './replica.js'
import { ReplicaRoute } from './route.js'

export interface WorldOptions {
  readonly replicas?: number
  /** Replicas besides, which process records and which no client knows; then those that clients know do not process any. */
  readonly workers?: number
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
  readonly workers: Replica[] = []
  readonly streams: KillStream[] = []
  paceMs = 50
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
    const { replicas = 3, workers = 0, streams = 6, env = {} } = options
    const world = new World(ground, env)
    const prepare = (count: number, role: string): Promise<Replica[]> =>
      Promise.all(Array.from({ length: count }, () => world.replica({ ROLE: role })))
    world.replicas.push(...(await prepare(replicas, workers === 0 ? 'all' : 'api')))
    world.workers.push(...(await prepare(workers, 'worker')))
    await Promise.all(world.all.map((replica) => replica.start()))
    // Six of them use all three partitions, and so do the first three.
    for (let number = 0; number < streams; number++) await world.stream(`s-${number}`, kindsOf(number))
    await world.goesOn()
    return world
  }

  get topics(): { readonly input: string; readonly commits: string } {
    return { input: `${this.prefix}.input`, commits: `${this.prefix}.commits` }
  }

  get all(): readonly Replica[] {
    return [...this.replicas, ...this.workers]
  }

  get readers(): readonly SseReader[] {
    return this.streams.flatMap(({ readers }) => readers)
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

  /** One more stream, with writers and readers, each of which begins at another replica. `at` starts it; default: any. */
  async stream(id: string, kinds: readonly WriterKind[], at?: Replica): Promise<KillStream> {
    const first = at === undefined ? 0 : this.replicas.indexOf(at) - (this.clients % this.replicas.length)
    this.clients += first < 0 ? first + this.replicas.length : first
    const stream = await KillStream.open(this, id, kinds)
    stream.read()
    this.streams.push(stream)
    return stream
  }

  /** The replica that the group has given a partition. */
  async ownerOf(partition: number): Promise<Replica> {
    return await until(`partition ${partition} has an owner`, async () => {
      for (const replica of this.all) {
        if (replica.isRunning && (await replica.partitions()).includes(partition)) return replica
      }
      return undefined
    })
  }

  /** Waits until every stream has taken more sends, and delivered more results, than now. */
  async goesOn(sends = 10): Promise<void> {
    const open = this.streams.filter(({ isEnded, isWritten }) => isWritten && !isEnded).map(({ history }) => history)
    const wanted = open.map((stream) => ({
      stream,
      acks: stream.ackedAt.length + sends,
      results: delivered(stream) + sends,
    }))
    const late = (): string[] => {
      if (this.isOver) throw new Error('the fault is over')
      return wanted
        .filter(({ stream, acks, results }) => stream.ackedAt.length < acks || delivered(stream) < results)
        .map(({ stream }) => stream.id)
    }
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
    await Promise.all(this.all.map((replica) => replica.kill()))
    const violations = check(this.history)
    return { counts: count(this.history, violations), violations }
  }
}

function kindsOf(number: number): WriterKind[] {
  return Array.from(
    { length: writersOfStream },
    (_, index) => writerKinds[(number * writersOfStream + index) % writerKinds.length] ?? 'single',
  )
}

function delivered({ readers }: { readonly readers: readonly { readonly events: readonly unknown[] }[] }): number {
  return Math.max(0, ...readers.map(({ events }) => events.length))
}
