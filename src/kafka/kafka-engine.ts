import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { ApiError } from '#libs/contract'
import type { Claim, CommitSink, Engine, Entry } from '#libs/engine'
import type { Store } from '../view/store.js'
import { Appender, Backlog } from './appender.js'
import { Barrier } from './barrier.js'
import type { Broker, Membership } from './broker.js'
import { extentInTheEnd } from './extent.js'
import { partitionOf } from './murmur2.js'
import { Ownership } from './ownership.js'
import { beginningAt, readState } from './tail-state.js'
import { Tail } from './tail.js'
import { ViewWriter } from './view-writer.js'

/** A heartbeat of the group that is older says nothing any more of who is to own a partition, in ms. */
const FRESH_HEARTBEAT_MS = 5_000

export interface KafkaEngineOptions {
  /** Input of this replica on its way to the log, in bytes. */
  readonly backlogBytes: number
  /** Results that may be on their way from memory to the view's store, in characters. */
  readonly maxUnsettledChars: number
  readonly barrierTimeoutMs: number
  /** How long an append is tried. */
  readonly appendTimeoutMs: number
  /**
   * Between the commit that makes a stream closing and its seal. A replica whose view is at most half of it behind knows of the commit
   * before the seal can be in the log. An owner waits for the longest grace of any owner so far, and the others rely on the newest
   * owner's at most, so replicas may differ.
   */
  readonly graceMs: number
  /** How long commits are kept, in ms of log time. */
  readonly commitsRetentionMs: number
  /** Whether this replica owns partitions. */
  readonly isWorker: boolean
  readonly log: (message: string) => void
  /** Called once when this process must stop: a log or its own store is not what it was. */
  readonly onLost: (reason: string) => void
  /** What those who run this replica should know though it works; undefined if that is nothing. */
  readonly note?: () => string | undefined
}

/**
 * The engine port on two topics: every replica reads all commits into its view; the group shares the partitions out, and a marker in the
 * commit log makes the owner.
 */
export class KafkaEngine implements Engine {
  readonly partitions: number
  private readonly replica = randomUUID()
  private readonly closing = new AbortController()
  private readonly appenders: readonly Appender[]
  private readonly backlog = new Backlog()
  private readonly epoch: number
  private readonly ownerships = new Map<number, Ownership>()
  private tails: readonly Tail[] = []
  private barriers: readonly Barrier[] = []
  private readonly stopTails = new AbortController()
  private tailing: Promise<unknown> = Promise.resolve()
  private writer: ViewWriter | undefined
  private sink: CommitSink | undefined
  private membership: Membership | undefined
  private joining = Promise.resolve()
  /** Where the commit logs ended at the start. */
  private found: readonly number[] = []
  /** Offset behind the newest entry that this replica knows of, by partition. */
  private readonly inputEnds: number[] = []
  private lost: string | undefined
  private closed: Promise<void> | undefined

  constructor(
    private readonly broker: Broker,
    private readonly store: Store,
    private readonly options: KafkaEngineOptions,
  ) {
    this.partitions = broker.partitions
    // Every seal that waits for its grace listens, and Node warns of more than ten.
    setMaxListeners(0, this.closing.signal)
    this.epoch = this.mark()
    const appender = { replica: this.replica, ...options }
    this.appenders = Array.from(
      { length: broker.partitions },
      (_, partition) => new Appender(partition, broker, this.backlog, appender),
    )
  }

  partitionOf(stream: string): number {
    return partitionOf(stream, this.partitions)
  }

  async append(partition: number, entry: Entry): Promise<number> {
    if (this.closing.signal.aborted) throw new ApiError('shutting_down')
    if (this.lost !== undefined) throw new ApiError('log_unavailable')
    if (entry.kind === 'seal') await this.grace(partition)
    const appender = this.appenders[partition]
    if (appender === undefined) throw new RangeError(`There is no partition ${partition}.`)
    const offset = await appender.append(entry)
    this.inputEnds[partition] = Math.max(this.end(partition), offset + 1)
    // Of an entry with a ticket the owner's verdict tells.
    if (entry.kind === 'data' && entry.ticket === undefined) await this.standsBeforeSeal(partition, entry)
    return offset
  }

  async start(sink: CommitSink, own: (claim: Claim) => void): Promise<void> {
    const { broker, store, options } = this
    this.sink = sink
    const writer = new ViewWriter(store, this.epoch, sink, options.maxUnsettledChars, (reason) => {
      this.lose(reason)
    })
    this.writer = writer
    const { signal } = this.closing
    const partitions = Array.from({ length: this.partitions }, (_, partition) => partition)
    const extents = await Promise.all(
      partitions.map((partition) => extentInTheEnd(broker, 'commits', partition, signal)),
    )
    this.found = extents.map(({ end }) => end)
    this.tails = extents.map(({ oldest }, partition) => {
      const state = readState(store, partition) ?? beginningAt(oldest)
      return new Tail(partition, broker, sink, writer, options.commitsRetentionMs, state)
    })
    this.barriers = this.tails.map((tail, partition) => {
      const end = async (): Promise<number> => (await extentInTheEnd(broker, 'commits', partition, signal)).end
      return new Barrier(tail, end, options.barrierTimeoutMs, signal)
    })
    this.tailing = Promise.all(this.tails.map((tail) => this.follow(tail)))
    for (const [partition, tail] of this.tails.entries()) void this.tellOfSilence(partition, tail)
    if (options.isWorker) this.joining = this.join(own)
  }

  async barrier(partition: number): Promise<void> {
    const barrier = this.barriers[partition]
    // Until the view begins to read it is behind, whatever it holds.
    if (barrier === undefined) throw new ApiError('view_behind')
    await barrier.pass()
  }

  caughtUp(partition: number): boolean {
    const end = this.found[partition]
    return end !== undefined && this.tail(partition).hasReached(end)
  }

  end(partition: number): number {
    return Math.max(this.inputEnds[partition] ?? 0, this.tails[partition]?.to ?? 0)
  }

  now(): number {
    // By a clock that is behind the log's no stream with readers would seem to need a sign of life.
    return Math.floor(Math.max(Date.now(), ...this.tails.map((tail) => tail.now)))
  }

  health(): { ok: boolean; reason?: string } {
    const reason = this.lost ?? this.options.note?.()
    return { ok: this.lost === undefined, ...(reason !== undefined && { reason }) }
  }

  close(): Promise<void> {
    return (this.closed ??= this.stop())
  }

  private async stop(): Promise<void> {
    this.closing.abort()
    // The group gives the partitions to others while the last commits are written: their markers decide what of it counts.
    await this.joining
    await Promise.all([this.membership?.leave(), this.assign([])])
    await Promise.all(this.appenders.map((appender) => appender.idle()))
    this.stopTails.abort()
    await this.tailing
    await this.writer?.close()
    await this.broker.close()
  }

  private tail(partition: number): Tail {
    const tail = this.tails[partition]
    if (tail === undefined) throw new RangeError(`There is no partition ${partition}.`)
    return tail
  }

  /** A worker joins when its view has caught up, so that no partition waits for it. */
  private async join(own: (claim: Claim) => void): Promise<void> {
    const { signal } = this.closing
    const caughtUp = await Promise.all(
      this.tails.map((tail, partition) => tail.until(() => this.caughtUp(partition), signal)),
    )
    if (signal.aborted || caughtUp.includes(false)) return
    this.membership = await this.broker.join((partitions) => void this.assign(partitions, own))
  }

  private async follow(tail: Tail): Promise<void> {
    try {
      await tail.run(this.stopTails.signal)
    } catch (error) {
      this.lose(String(error))
    }
  }

  /** Says why this replica waits when all that the log still holds tells nothing. Owners never remove so much of it. */
  private async tellOfSilence(partition: number, tail: Tail): Promise<void> {
    const end = this.found[partition] ?? 0
    if (!(await tail.until(() => tail.position >= end)) || this.caughtUp(partition)) return
    this.options.log(
      `The commit log of partition ${partition} has lost what tells of its streams, and this replica has no view of it. ` +
        'It serves them as soon as a worker whose view is whole (ROLE=all or worker) has taken the partition.',
    )
  }

  private async grace(partition: number): Promise<void> {
    const ms = Math.max(this.options.graceMs, this.tails[partition]?.graceMs.longest ?? 0)
    await wait(ms, undefined, { signal: this.closing.signal, ref: false })
  }

  /**
   * Resolves when it is sure that the entry, which is in the log, stands before any seal of its stream.
   * @throws ApiError `append_unknown`
   */
  private async standsBeforeSeal(
    partition: number,
    { stream, incarnation }: { readonly stream: string; readonly incarnation: string },
  ): Promise<void> {
    const graceMs = Math.min(this.options.graceMs, this.tails[partition]?.graceMs.newest ?? 0)
    const isFresh = performance.now() - (this.barriers[partition]?.completeAt ?? -Infinity) < graceMs / 2
    try {
      if (!isFresh) await this.barrier(partition)
    } catch (error) {
      throw new ApiError('append_unknown', {}, { cause: error })
    }
    if (this.sink?.takes(stream, incarnation) !== true) throw new ApiError('append_unknown')
  }

  private async assign(partitions: readonly number[], own?: (claim: Claim) => void): Promise<void> {
    const released = [...this.ownerships].filter(([partition]) => !partitions.includes(partition))
    for (const partition of partitions) {
      if (own === undefined || this.ownerships.has(partition) || this.closing.signal.aborted) continue
      this.ownerships.set(partition, this.ownership(partition, own))
    }
    for (const [partition] of released) this.ownerships.delete(partition)
    await Promise.all(released.map(([, ownership]) => ownership.release()))
  }

  private ownership(partition: number, own: (claim: Claim) => void): Ownership {
    const { broker, replica } = this
    const isAssigned = (): boolean => {
      const { partitions = [], ageMs = Infinity } = this.membership?.fresh() ?? {}
      return ageMs < FRESH_HEARTBEAT_MS && partitions.includes(partition)
    }
    const { log, graceMs, commitsRetentionMs: retentionMs } = this.options
    const tail = this.tail(partition)
    return new Ownership({ partition, broker, tail, replica, isAssigned, own, graceMs, retentionMs, log })
  }

  private lose(reason: string): void {
    if (this.lost !== undefined) return
    this.lost = reason
    this.options.onLost(reason)
  }

  /** From here on nothing that an older process still writes to the store counts. */
  private mark(): number {
    let epoch = 0
    this.store.transactNow(() => {
      epoch = this.store.version('epoch') + 1
      this.store.meta.putSync('epoch', Buffer.from(new Date().toISOString()), epoch)
    })
    return epoch
  }
}
