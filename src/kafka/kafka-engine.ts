import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { ApiError } from '#libs/contract'
import type { Claim, CommitSink, Engine, Entry } from '#libs/engine'
import type { Store } from '../view/store.js'
import { Appender, Backlog } from './appender.js'
import type { Broker, Extent, Membership } from './broker.js'
import { Ends } from './ends.js'
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
   * before the seal can be in the log.
   */
  readonly graceMs: number
  /** How long commits are kept, in ms of log time. */
  readonly commitsRetentionMs: number
  /** Whether this replica owns partitions. */
  readonly isWorker: boolean
  readonly log: (message: string) => void
  /** Called once when this process must stop: a log or its own store is not what it was. */
  readonly onLost: (reason: string) => void
}

/**
 * The engine port on two topics: every replica reads all commits into its view; the group shares the partitions out, and a marker in the
 * commit log makes the owner.
 */
export class KafkaEngine implements Engine {
  readonly partitions: number
  private readonly replica = randomUUID()
  private readonly closing = new AbortController()
  private readonly ends: Ends
  private readonly appenders: readonly Appender[]
  private readonly backlog = new Backlog()
  private readonly epoch: number
  private readonly ownerships = new Map<number, Ownership>()
  private tails: readonly Tail[] = []
  private readonly stopTails = new AbortController()
  private tailing: Promise<unknown> = Promise.resolve()
  private writer: ViewWriter | undefined
  private sink: CommitSink | undefined
  private membership: Membership | undefined
  private joining = Promise.resolve()
  /** Where the commit logs ended at the start. */
  private found: readonly Extent[] = []
  /** When each partition's view was last known to be complete, by the monotonic clock. */
  private readonly completeAt: number[] = []
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
    this.ends = new Ends(broker, this.closing.signal)
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
    if (entry.kind === 'seal') await wait(this.options.graceMs, undefined, { signal: this.closing.signal })
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
    this.found = await this.ends.ask()
    this.tails = this.found.map(({ oldest }, partition) => {
      const state = readState(store, partition) ?? beginningAt(oldest)
      return new Tail(partition, broker, sink, writer, options.commitsRetentionMs, state)
    })
    this.tailing = Promise.all(this.tails.map((tail) => this.follow(tail)))
    if (options.isWorker) this.joining = this.join(own)
  }

  async barrier(partition: number): Promise<void> {
    const abort = new AbortController()
    const late = wait(this.options.barrierTimeoutMs, false, { signal: abort.signal, ref: false }).catch(() => false)
    const passed = await Promise.race([this.complete(partition), late])
    abort.abort()
    if (!passed) throw new ApiError('view_behind')
  }

  caughtUp(partition: number): boolean {
    const end = this.found[partition]?.end
    return end !== undefined && this.tail(partition).position >= end
  }

  end(partition: number): number {
    return Math.max(this.inputEnds[partition] ?? 0, this.tails[partition]?.to ?? 0)
  }

  now(): number {
    return Date.now()
  }

  health(): { ok: boolean; reason?: string } {
    return this.lost === undefined ? { ok: true } : { ok: false, reason: this.lost }
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
    const passed =
      (partition: number): (() => boolean) =>
      () =>
        this.caughtUp(partition) || this.closing.signal.aborted
    const caughtUp = await Promise.all(this.tails.map((tail, partition) => tail.until(passed(partition))))
    if (this.closing.signal.aborted || caughtUp.includes(false)) return
    this.membership = await this.broker.join((partitions) => void this.assign(partitions, own))
  }

  private async follow(tail: Tail): Promise<void> {
    try {
      await tail.run(this.stopTails.signal)
    } catch (error) {
      this.lose(String(error))
    }
  }

  /** Whether the view has everything that was in the partition's commit log at the time of the call. */
  private async complete(partition: number): Promise<boolean> {
    const tail = this.tail(partition)
    const asked = performance.now()
    const end = (await this.ends.ask())[partition]?.end ?? 0
    if (!(await tail.until(() => tail.position >= end))) return false
    this.completeAt[partition] = Math.max(this.completeAt[partition] ?? 0, asked)
    return true
  }

  /**
   * Resolves when it is sure that the entry, which is in the log, stands before any seal of its stream.
   * @throws ApiError `append_unknown`
   */
  private async standsBeforeSeal(
    partition: number,
    { stream, incarnation }: { readonly stream: string; readonly incarnation: string },
  ): Promise<void> {
    const isFresh = performance.now() - (this.completeAt[partition] ?? -Infinity) < this.options.graceMs / 2
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
    const end = async (): Promise<number> => (await this.ends.ask())[partition]?.end ?? 0
    const { log, commitsRetentionMs: retentionMs } = this.options
    const tail = this.tail(partition)
    return new Ownership({ partition, broker, tail, replica, end, isAssigned, own, retentionMs, log })
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
