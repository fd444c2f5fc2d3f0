import { SchedulerRegistry } from '@nestjs/schedule'
import { ApiError } from '#libs/contract'
import type { Engine, Entry } from '#libs/engine'
import { readConfig } from '../../src/config/config.js'
import type { Config } from '../../src/config/schema.js'
import { KafkaEngine } from '../../src/kafka/kafka-engine.js'
import { reasonAgainst } from '../../src/kafka/useful-view.js'
import { Owner } from '../../src/processing/owner.js'
import { Decisions } from '../../src/streams/decisions.js'
import { Directory } from '../../src/streams/directory.js'
import { IdleTask } from '../../src/streams/idle.task.js'
import { LifecycleService } from '../../src/streams/lifecycle.service.js'
import { Openings } from '../../src/streams/opening.js'
import { Readers } from '../../src/streams/readers.js'
import { SendService } from '../../src/streams/send.service.js'
import { Store } from '../../src/view/store.js'
import { View } from '../../src/view/view.js'
import { echo, processorsOf } from '../support/processing.js'
import type { Random } from '../support/random.js'
import { MemoryDisk, MemoryEnvironment } from './memory-environment.js'
import { SimulatedBroker } from './simulated-broker.js'
import type { SimulatedCluster } from './simulated-cluster.js'
import type { SimulatedGroup } from './simulated-group.js'
import type { Process } from './virtual-time.js'

export const GRACE_MS = 200

/** Streams are idle after it, in ms of log time. */
export const IDLE_MS = 6_000

const lasting = readConfig({ VERDICT_TIMEOUT_MS: '3000' })
const expiring = readConfig({ VERDICT_TIMEOUT_MS: '3000', STREAM_IDLE_TIMEOUT_MS: String(IDLE_MS) })

/** Why a process stops that cannot reach the cluster when it starts. */
export const UNREACHABLE = 'the cluster cannot be reached'

/** Parts of a replica that a planted fault takes the place of. */
export interface Wiring {
  /** The engine as the calls see it. */
  readonly forCalls: (engine: KafkaEngine) => Engine
  /** How the owner appends. */
  readonly appendOf: (engine: KafkaEngine) => (partition: number, entry: Entry) => Promise<number>
}

export const soundWiring: Wiring = {
  forCalls: (engine) => engine,
  appendOf: (engine) => (partition, entry) => engine.append(partition, entry),
}

export interface ReplicaPorts {
  readonly cluster: SimulatedCluster
  readonly group: SimulatedGroup
  readonly random: Random
  readonly wiring: Wiring
  /** How long owners keep commits, in ms of log time. */
  readonly retentionMs: number
  /** Whether streams end when they are idle for {@link IDLE_MS}, not only after minutes. */
  readonly expires: boolean
  /** Called once when the process must stop, as the product's would. */
  readonly onStop: (reason: unknown) => void
}

/** One process of the product, without HTTP: its engine, view, owners, idle task, and the services that take calls. All of it real. */
export class SimulatedReplica {
  readonly process: Process
  readonly broker: SimulatedBroker
  readonly readers: Readers
  private readonly config: Config
  private parts: Parts | undefined

  /** @param disk what an earlier process of this replica left */
  constructor(
    private readonly ports: ReplicaPorts,
    name: string,
    skewMs: number,
    readonly disk: { store: MemoryDisk },
  ) {
    this.process = { name, skewMs, paused: false, killed: false }
    this.config = ports.expires ? expiring : lasting
    this.broker = new SimulatedBroker(ports.cluster, ports.group, this.process)
    this.readers = ports.cluster.time.within(this.process, () => new Readers(this.config))
    this.within(() => {
      this.start().catch((error: unknown) => {
        ports.onStop(error)
      })
    })
  }

  /** What takes calls; undefined until the process has started. */
  get serving(): Parts | undefined {
    return this.process.killed ? undefined : this.parts
  }

  within<T>(run: () => T): T {
    return this.ports.cluster.time.within(this.process, run)
  }

  kill(): void {
    this.process.killed = true
  }

  private async start(): Promise<void> {
    const { broker, disk, ports } = this
    let store = this.openStore()
    const reason = await reasonAgainst(store, broker).catch(() => UNREACHABLE)
    if (reason === UNREACHABLE) {
      ports.onStop(UNREACHABLE)
      return
    }
    if (reason !== undefined) {
      ports.cluster.count('store set aside')
      disk.store = new MemoryDisk()
      store = this.openStore()
    }
    const engine = new KafkaEngine(broker, store, {
      backlogBytes: 1_000_000,
      maxUnsettledChars: 1_000_000,
      barrierTimeoutMs: this.config.verdictTimeoutMs,
      appendTimeoutMs: 2_000,
      graceMs: GRACE_MS,
      commitsRetentionMs: ports.retentionMs,
      isWorker: true,
      log: () => undefined,
      onLost: ports.onStop,
    })
    const parts = new Parts(this.config, engine, new View(store, engine.partitions), this.readers, ports.wiring)
    await engine.start(parts.view, (claim) => {
      const append = ports.wiring.appendOf(engine)
      const owner = new Owner({
        claim,
        view: parts.view,
        process: echo,
        append: (entry) => append(claim.partition, entry),
        owns: (stream) => engine.partitionOf(stream) === claim.partition,
        maxCommitChars: 100_000,
        maxDeadLetterBytes: 100_000,
      })
      owner.run().catch((error: unknown) => {
        if (!(error instanceof ApiError)) ports.onStop(error)
      })
    })
    setInterval(() => void parts.idle.run(), 1_000)
    this.parts = parts
  }

  private openStore(): Store {
    const { cluster, random } = this.ports
    const { process, disk } = this
    const environment = new MemoryEnvironment(disk.store, (commit) => {
      cluster.time.schedule(random.int(1, 60) / 10, commit, process)
    })
    return new Store(process.name, 0, false, () => environment.asRootDatabase())
  }
}

/** What a process is made of, as `EngineModule` and `StreamsModule` put it together. */
export class Parts {
  readonly sends: SendService
  readonly lifecycle: LifecycleService
  readonly openings: Openings
  readonly idle: IdleTask

  constructor(
    config: Config,
    readonly engine: KafkaEngine,
    readonly view: View,
    readers: Readers,
    wiring: Wiring,
  ) {
    const forCalls = wiring.forCalls(engine)
    const directory = new Directory(forCalls, view)
    const decisions = new Decisions(forCalls, config, view)
    this.sends = new SendService(forCalls, directory, decisions, view)
    this.lifecycle = new LifecycleService(config, view, directory, decisions, processorsOf())
    this.openings = new Openings(forCalls, view, directory)
    this.idle = new IdleTask(config, forCalls, view, readers, new SchedulerRegistry())
  }

  send(stream: string, value: unknown, key?: string): Promise<unknown> {
    const body = Buffer.from(JSON.stringify({ data: value }))
    const retry = key === undefined ? {} : { 'idempotency-key': key }
    return this.sends.send(stream, { headers: { 'content-type': 'application/json', ...retry }, body })
  }
}
