import { partitionOf } from '../../src/kafka/murmur2.js'
import type { Random } from '../support/random.js'
import { History, outcomeOf, type Change, type Send } from './history.js'
import { MemoryDisk } from './memory-environment.js'
import { drawProfile, stepKinds, type Aim, type Profile, type StepKind } from './profile.js'
import { SimulatedCluster, type Note } from './simulated-cluster.js'
import { SimulatedGroup } from './simulated-group.js'
import { SimulatedReader } from './simulated-reader.js'
import { SimulatedReplica, UNREACHABLE, type Parts, type Wiring } from './simulated-replica.js'
import type { VirtualTime } from './virtual-time.js'
import { Witness } from './witness.js'

const PARTITIONS = 2

/** Of both partitions. The first is only sent to; the second ends; the others also live again, and the last is deleted too. */
export const STREAMS = ['a', 'b', 'c', 'd'] as const

const MOST_REPLICAS = 4
const MOST_READERS = 6
/** Sessions end within it, and streams are idle. */
const LONGEST_REST_MS = 20_000
const HOURS_MS = 3_600_000

/** How often a send under a key is tried. */
const ATTEMPTS = 4

/** A replica's place: what is started there anew finds the disk of the one before. */
interface Place {
  replica: SimulatedReplica
  readonly disk: { store: MemoryDisk }
}

/** Replicas, their clients and their readers, led through one schedule. */
export class World {
  readonly cluster: SimulatedCluster
  readonly history: History
  readonly violations: string[] = []
  readonly readers: SimulatedReader[] = []
  /** Results as readers saw them, by cursor. */
  readonly observed = new Map<string, string>()
  readonly profile: Profile
  private readonly group: SimulatedGroup
  private readonly places: Place[] = []
  private names = 0
  private calls = 0

  constructor(
    readonly time: VirtualTime,
    private readonly random: Random,
    note: Note,
    private readonly options: { readonly wiring: Wiring; readonly aim: Aim },
  ) {
    this.profile = drawProfile(random, options.aim)
    this.cluster = new SimulatedCluster(PARTITIONS, time, random, note)
    this.group = new SimulatedGroup(this.cluster, random)
    this.history = new History(this.profile.expires)
    this.history.trimmed = this.profile.weights.trim > 0
  }

  get replicas(): SimulatedReplica[] {
    return this.places.map(({ replica }) => replica)
  }

  /** Whether every call was answered, or never will be. */
  get quiet(): boolean {
    return this.calls === 0
  }

  async run(): Promise<void> {
    const { time, profile } = this
    this.arrive()
    this.arrive()
    for (const stream of STREAMS) await this.begin(stream)
    this.cluster.faults = profile.faults
    for (let step = 0; step < profile.steps; step++) {
      const kind = this.draw()
      this.take(kind)
      await time.run(() => false, this.random.int(1, kind === 'rest' ? LONGEST_REST_MS : profile.paceMs))
    }
    this.cluster.faults = { append: 0, gap: 0, extents: 0, slow: 0 }
  }

  /** From now on nothing goes wrong any more: what stands still goes on, and who is behind catches up. */
  heal(): void {
    for (const { process, broker } of this.replicas) {
      broker.stalledUntil = 0
      process.skewMs = 0
      if (process.paused) this.time.resume(process)
    }
  }

  arrive(): SimulatedReplica {
    const disk = { store: new MemoryDisk() }
    const place: Place = { disk, replica: this.launch(disk, () => place) }
    this.places.push(place)
    return place.replica
  }

  private draw(): StepKind {
    const { weights } = this.profile
    const kinds = stepKinds.flatMap((kind) => Array.from({ length: weights[kind] }, () => kind))
    return this.random.pick(kinds as [StepKind, ...StepKind[]])
  }

  private take(step: StepKind): void {
    const { random, cluster } = this
    cluster.note(`step ${step}`)
    switch (step) {
      case 'send':
        this.send(random.pick(STREAMS))
        break
      case 'burst':
        this.burst(random.pick(STREAMS))
        break
      case 'last-words': {
        // Sends that are under way while the stream closes, and views that do not know yet.
        const stream = random.pick(['b', 'c', 'd'] as const)
        this.burst(stream)
        for (const { broker } of this.replicas)
          if (random.chance(0.5))
            broker.stalledUntil = Math.max(broker.stalledUntil, this.time.now + random.int(20, 300))
        this.change('end', stream)
        if (stream !== 'b') this.later(random.int(300, 3_000), () => void this.change('start', stream))
        break
      }
      case 'start':
        this.change('start', random.pick(['c', 'd']))
        break
      case 'end':
        this.change('end', random.pick(['b', 'c', 'd']))
        break
      case 'delete':
        this.change('delete', 'd')
        break
      case 'read':
        if (this.readers.length < MOST_READERS) this.read(random.pick(STREAMS))
        break
      case 'move':
        for (const reader of this.readers) if (random.chance(0.3)) reader.move()
        break
      case 'trim':
        this.trim()
        break
      case 'rebalance':
        this.group.shareOut()
        break
      case 'arrive':
        if (this.places.length < MOST_REPLICAS) this.arrive()
        break
      case 'rest':
        break
      default:
        this.disturb(step, random.pick(this.places as [Place, ...Place[]]))
    }
  }

  private disturb(step: 'crash' | 'lose-disk' | 'close' | 'pause' | 'stall' | 'jump', place: Place): void {
    const { random, cluster, time } = this
    const { replica } = place
    cluster.count(step)
    cluster.note(`${step} ${replica.process.name}`)
    if (step === 'crash') this.restart(place, random.int(1, 3_000))
    else if (step === 'lose-disk') {
      place.disk.store = new MemoryDisk()
      this.restart(place, random.int(1, 3_000))
    } else if (step === 'close') {
      const over = (): void => this.restart(place, random.int(1, 1_000))
      const closed = (): void => void time.schedule(0, over, undefined)
      replica.within(() => {
        replica.serving?.engine.close().then(closed, closed)
      })
    } else if (step === 'pause' && !replica.process.paused) {
      replica.process.paused = true
      time.schedule(
        random.pick([50, 500, 4_000, 15_000]) * random.int(1, 3),
        () => time.resume(replica.process),
        undefined,
      )
    } else if (step === 'stall') replica.broker.stalledUntil = time.now + random.pick([100, 400, 4_000])
    else if (step === 'jump') replica.process.skewMs += random.int(-5, 5) * HOURS_MS
  }

  private restart(place: Place, afterMs: number): void {
    const { replica } = place
    if (replica.process.killed) return
    replica.kill()
    for (const reader of this.readers) if (reader.isAt(replica)) reader.move()
    this.time.schedule(afterMs, () => (place.replica = this.launch(place.disk, () => place)), undefined)
  }

  private launch(disk: Place['disk'], place: () => Place): SimulatedReplica {
    const { cluster, group, random } = this
    const { wiring } = this.options
    const skewMs = this.profile.weights.jump > 0 ? random.int(-1, 1) * HOURS_MS : 0
    const replica: SimulatedReplica = new SimulatedReplica(
      {
        cluster,
        group,
        random,
        wiring,
        retentionMs: this.profile.retentionMs,
        expires: this.profile.expires,
        onStop: (reason) => this.stopped(place(), replica, reason),
      },
      `r${++this.names}`,
      skewMs,
      disk,
    )
    return replica
  }

  /** The process has found out that it must stop; its supervisor starts it again. */
  private stopped(place: Place, replica: SimulatedReplica, reason: unknown): void {
    if (replica.process.killed) return
    const { cluster, time } = this
    cluster.note(`${replica.process.name} stops: ${String(reason)}`)
    cluster.count('stopped')
    if (reason !== UNREACHABLE && !String(reason).includes('should go on with offset'))
      this.violations.push(`${replica.process.name} stopped: ${String(reason)}`)
    time.schedule(0, () => this.restart(place, 1_000), undefined)
  }

  private serving(): SimulatedReplica | undefined {
    const [first, ...others] = this.replicas.filter(({ serving }) => serving !== undefined)
    return first === undefined ? undefined : this.random.pick([first, ...others])
  }

  /** Calls a replica, and hears from it unless it is killed; a client waits no longer than some seconds. */
  private call<T>(
    call: (parts: Parts) => Promise<T>,
    answered: (answer: { value: T } | { error: unknown }) => void,
  ): boolean {
    const replica = this.serving()
    const parts = replica?.serving
    if (replica === undefined || parts === undefined) return false
    this.calls++
    let open = true
    const once = (answer: { value: T } | { error: unknown }): void => {
      if (!open) return
      open = false
      this.calls--
      answered(answer)
    }
    const arrive = (answer: { value: T } | { error: unknown }): void => {
      this.time.schedule(this.cluster.latency(), () => once(answer), undefined)
    }
    this.time.schedule(20_000, () => once({ error: new Error('no answer') }), undefined)
    replica.within(() => {
      call(parts).then(
        (value) => arrive({ value }),
        (error: unknown) => arrive({ error }),
      )
    })
    return true
  }

  private send(stream: string): void {
    const value = this.history.sends.length
    const key = this.profile.keyed && this.random.chance(0.5) ? `key-${value}` : undefined
    const send: Send = { stream, value, key, issued: this.time.now, acked: Infinity, outcome: undefined }
    this.history.sends.push(send)
    this.attempt(send, ATTEMPTS)
  }

  /** A call that is yet to be made: nothing is quiet before. */
  private later(ms: number, call: () => void): void {
    this.calls++
    const run = (): void => {
      this.calls--
      call()
    }
    this.time.schedule(ms, run, undefined)
  }

  private burst(stream: string): void {
    const withinMs = this.random.pick([50, 300, 1_000])
    for (let count = this.random.int(2, 12); count > 0; count--)
      this.later(this.random.int(0, withinMs), () => this.send(stream))
  }

  private attempt(send: Send, attempts: number): void {
    const { stream, value, key } = send
    const isOpen = this.history.isOpen(stream)
    const called = this.call(
      (parts) => parts.send(stream, value, key),
      (answer) => {
        const outcome = 'value' in answer ? 'acked' : outcomeOf(answer.error)
        this.cluster.note(`send ${value} to ${stream}: ${'error' in answer ? String(answer.error) : outcome}`)
        if (outcome === 'acked') send.acked = this.time.now
        if (send.outcome !== 'unknown' || outcome === 'acked') send.outcome = outcome
        if (isOpen && 'error' in answer && this.history.isOpen(stream) && saysNotOpen(answer.error))
          this.violations.push(`send ${value} to ${stream}, which is open: ${String(answer.error)}`)
        if (key !== undefined && outcome === 'unknown' && attempts > 1) {
          const again = (): void => this.attempt(send, attempts - 1)
          this.later(this.random.int(1, 500), again)
        }
      },
    )
    if (!called) send.outcome ??= 'refused'
  }

  private change(kind: Change['kind'], stream: string): Change {
    const change: Change = { kind, stream, issued: this.time.now, acked: Infinity, outcome: undefined }
    this.history.changes.push(change)
    const called = this.call<{ incarnation?: string }>(
      async ({ lifecycle }) =>
        kind === 'start' ? lifecycle.start(stream, {}) : (await lifecycle.close(kind, stream), {}),
      (answer) => {
        change.outcome = 'value' in answer ? 'acked' : outcomeOf(answer.error)
        this.cluster.note(`${kind} ${stream}: ${'error' in answer ? String(answer.error) : change.outcome}`)
        if (!('value' in answer)) return
        change.acked = this.time.now
        if (answer.value.incarnation !== undefined) change.incarnation = answer.value.incarnation
      },
    )
    if (!called) change.outcome = 'refused'
    return change
  }

  /** Starts a stream for sure, while nothing goes wrong. */
  private async begin(stream: string): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const change = this.change('start', stream)
      await this.time.run(() => change.outcome !== undefined, 30_000)
      if (change.outcome === 'acked') return
      await this.time.run(() => false, 500)
    }
    throw new Error(`${stream} could not be started`)
  }

  private read(stream: string): void {
    const { cluster, random } = this
    const reader = new SimulatedReader(
      {
        cluster,
        random,
        knowledge: this.history,
        replica: () => this.serving(),
        observe: (incarnation, seq, data) => this.observe(incarnation, seq, data),
        violation: (what) => this.violations.push(what),
      },
      `reader ${this.readers.length}`,
      stream,
    )
    this.readers.push(reader)
    reader.connect()
  }

  private observe(incarnation: string, seq: number, data: string): void {
    const cursor = `${incarnation}-${seq}`
    const known = this.observed.get(cursor)
    if (known !== undefined && known !== data) this.violations.push(`${cursor} was ${known} and is ${data}`)
    this.observed.set(cursor, data)
  }

  /**
   * Retention removes the oldest commits, as far as what is kept still begins with a marker and says where the input and each stream
   * are: an owner has to write anew what would be lost.
   */
  private trim(): void {
    const witness = new Witness(this.cluster)
    for (const [partition, markers] of witness.markers.entries()) {
      const headers = [...witness.present.values()].filter(
        ({ stream }) => partitionOf(stream, this.cluster.partitions) === partition,
      )
      const needed = Math.min(...headers.map(({ writtenAt }) => writtenAt))
      const cut = markers.findLast((offset) => offset < needed) ?? 0
      this.cluster.trim('commits', partition, cut)
    }
  }
}

const saysNotOpen = (error: unknown): boolean =>
  /stream_closed|stream_closing|stream_not_found/.test(
    error instanceof Error && 'code' in error ? String(error.code) : '',
  )
