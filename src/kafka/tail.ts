import { AppendIdentities, CommitRule, type Commit, type CommitSink } from '#libs/engine'
import { filter, firstValueFrom, fromEvent, map, NEVER, Subject, takeUntil } from 'rxjs'
import { LogGap, type Broker, type StoredMessage } from './broker.js'
import { extentInTheEnd } from './extent.js'
import { withMark } from './marks.js'
import type { TailState } from './tail-state.js'
import type { ViewWriter } from './view-writer.js'
import { decodeCommit, type CommitMessage } from './wire.js'

type CountedMessage = Extract<CommitMessage, { kind: 'commit' }>

/** Reads the commit log of a partition, as every replica does, and hands to the view what counts. */
export class Tail {
  private readonly rule: CommitRule
  private readonly identities: AppendIdentities
  private read: Pick<TailState, 'next' | 'stamp' | 'marks' | 'graceMs'>
  private committed: Pick<TailState, 'to' | 'at'>
  private readonly passed = new Subject<void>()
  /** Of the log's time from the monotonic clock, as far as messages have told; in ms. */
  private ahead = -Infinity

  constructor(
    private readonly partition: number,
    private readonly broker: Broker,
    private readonly sink: CommitSink,
    private readonly writer: ViewWriter,
    private readonly retentionMs: number,
    state: TailState,
  ) {
    this.rule = new CommitRule(state)
    this.identities = new AppendIdentities(state.identities.map(([replica, seq, at]) => [replica, { seq, at }]))
    this.read = state
    this.committed = state
    sink.begin(partition, state.to, state.next - 1)
  }

  get state(): TailState {
    const identities = [...this.identities].map(([replica, { seq, at }]) => [replica, seq, at] as const)
    const { next, stamp, marks, graceMs } = this.read
    const { to, at } = this.committed
    return { next, stamp, ...this.rule.reached, to, at, identities, marks, graceMs }
  }

  /** Of the newest marker; -1 if there is none. */
  get epoch(): number {
    return this.rule.reached.epoch
  }

  get position(): number {
    return this.read.next
  }

  /** See {@link TailState.graceMs}. */
  get graceMs(): TailState['graceMs'] {
    return this.read.graceMs
  }

  /**
   * Whether everything below offset `end` has been read, and what was read has told what is so. In front of the first marker nothing
   * counts: who has found none knows nothing, unless there is nothing to know.
   */
  hasReached(end: number): boolean {
    return this.position >= end && (this.epoch >= 0 || end === 0)
  }

  /** The log's time now, or an earlier one as long as all that was read is old. Ms since 1970. */
  get now(): number {
    return this.ahead + performance.now()
  }

  /** Every input entry below this offset is committed. */
  get to(): number {
    return this.committed.to
  }

  /** Whether commit `n` of the epoch has counted. */
  hasCounted(epoch: number, n: number): boolean {
    const reached = this.rule.reached
    return reached.epoch === epoch && reached.n >= n
  }

  /**
   * Reads until `signal` is aborted.
   * @throws LogGap
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!(await this.follow(signal))) {
        // An owner has removed old commits while this view, which knows nothing yet, was about to read them.
        const { oldest } = await extentInTheEnd(this.broker, 'commits', this.partition, signal)
        this.read = { ...this.read, next: oldest }
        this.passed.next()
      }
    } finally {
      this.passed.complete()
    }
  }

  /** Returns whether that was all: false if the log begins later, and nothing of it has counted. */
  private async follow(signal: AbortSignal): Promise<boolean> {
    try {
      for await (const batch of this.broker.read('commits', this.partition, this.position, signal)) {
        for (const message of batch) this.take(message)
        await this.writer.room()
      }
      return true
    } catch (error) {
      if (error instanceof LogGap && this.epoch < 0) return false
      throw error
    }
  }

  /**
   * Resolves with true as soon as `condition` holds, which is looked at after every message and every gap; with false if the tail
   * ends before, or `signal` is aborted.
   */
  async until(condition: () => boolean, signal?: AbortSignal): Promise<boolean> {
    if (condition()) return true
    if (signal?.aborted === true) return false
    const given = signal === undefined ? NEVER : fromEvent(signal, 'abort')
    const holds = this.passed.pipe(
      takeUntil(given),
      filter(condition),
      map(() => true),
    )
    return firstValueFrom(holds, { defaultValue: false })
  }

  private take({ offset, at: stamp, text }: StoredMessage): void {
    this.ahead = Math.max(this.ahead, stamp - performance.now())
    const message = decodeCommit(this.partition, text)
    this.read = { ...this.read, next: offset + 1, stamp }
    let told: Commit | undefined
    if (message.kind === 'marker') this.takeMarker(offset, message.graceMs)
    else told = this.takeCommit(offset, message)
    if (told === undefined) this.sink.pass(this.partition, offset)
    this.writer.add({ partition: this.partition, state: this.state, ...(told && { commit: told }) })
    this.passed.next()
  }

  private takeMarker(offset: number, graceMs: number): void {
    const { to, at } = this.committed
    // What the log holds in front of its first marker does not count.
    if (this.epoch < 0) this.sink.begin(this.partition, to, offset)
    this.rule.mark(offset)
    const marks = withMark(this.read.marks, { offset, at }, this.retentionMs)
    const longest = Math.max(graceMs, this.graceMs.longest)
    this.read = { ...this.read, marks, graceMs: { newest: graceMs, longest } }
  }

  /** Returns the commit if it counts and tells the view anything: a checkpoint, the first of its epoch, does not. */
  private takeCommit(offset: number, { commit, identities }: CountedMessage): Commit | undefined {
    if (!this.rule.counts(commit)) return undefined
    this.committed = { to: commit.to, at: commit.at }
    for (const [replica, seq, at] of identities) this.identities.admits({ replica, seq }, at)
    if (commit.n === 1) return undefined
    this.sink.apply(commit, offset)
    return commit
  }
}
