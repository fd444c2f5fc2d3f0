import { AppendIdentities, CommitRule, type CommitSink } from '#libs/engine'
import { filter, firstValueFrom, Subject } from 'rxjs'
import type { Broker, StoredMessage } from './broker.js'
import { withMark } from './marks.js'
import type { TailState } from './tail-state.js'
import type { ViewWriter } from './view-writer.js'
import { decodeCommit } from './wire.js'

/** Reads the commit log of a partition, as every replica does, and hands to the view what counts. */
export class Tail {
  private readonly rule: CommitRule
  private readonly identities: AppendIdentities
  private read: Pick<TailState, 'next' | 'stamp' | 'marks'>
  private committed: Pick<TailState, 'to' | 'at'>
  private readonly passed = new Subject<void>()

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
    const { next, stamp, marks } = this.read
    const { to, at } = this.committed
    return { next, stamp, ...this.rule.reached, to, at, identities, marks }
  }

  /** Of the newest marker; -1 if there is none. */
  get epoch(): number {
    return this.rule.reached.epoch
  }

  get position(): number {
    return this.read.next
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
      for await (const batch of this.broker.read('commits', this.partition, this.position, signal)) {
        for (const message of batch) this.take(message)
        await this.writer.room()
      }
    } finally {
      this.passed.complete()
    }
  }

  /** Resolves with true as soon as `condition` holds, which is looked at after every message; with false if the tail ends before. */
  async until(condition: () => boolean): Promise<boolean> {
    if (condition()) return true
    return firstValueFrom(this.passed.pipe(filter(condition)), { defaultValue: false }).then((value) => value !== false)
  }

  private take({ offset, at: stamp, text }: StoredMessage): void {
    const message = decodeCommit(this.partition, text)
    this.read = { ...this.read, next: offset + 1, stamp }
    if (message.kind === 'marker') {
      this.rule.mark(offset)
      const { at } = this.committed
      this.read = { ...this.read, marks: withMark(this.read.marks, { offset, at }, this.retentionMs) }
      this.writer.add({ partition: this.partition, state: this.state })
    } else if (this.rule.counts(message.commit)) {
      const { commit, identities } = message
      this.committed = { to: commit.to, at: commit.at }
      for (const [replica, seq, at] of identities) this.identities.admits({ replica, seq }, at)
      // A checkpoint, the first of its epoch, tells the view nothing new.
      const isCheckpoint = commit.n === 1
      if (!isCheckpoint) this.sink.apply(commit, offset)
      this.writer.add({ partition: this.partition, state: this.state, ...(!isCheckpoint && { commit }) })
    }
    this.passed.next()
  }
}
