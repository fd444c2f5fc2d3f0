import { Injectable } from '@nestjs/common'
import { encodeEnd, encodeFeedCursor, encodeResults, type CloseReason, type FeedCursor } from '#libs/contract'
import type { Commit, CommitSink, Spread, StreamHeader, StreamPatch } from '#libs/engine'
import type { StoredState } from '#libs/processor'
import { Subject, type Observable } from 'rxjs'
import { DeadLetters, type LetterRows } from './dead-letters.js'
import { Frames, type Frame } from './frames.js'
import { Headers } from './headers.js'
import { Lifecycle } from './lifecycle.js'
import { mergePatches } from './merge.js'
import { Results } from './results.js'
import { NamedRows } from './named-rows.js'
import { isOver, lastOf } from './rows.js'
import { Spreads } from './spreads.js'
import type { Store, Table } from './store.js'

/**
 * What this replica knows, made of counted commits and nothing else: headers, results, dead letters, what processors and retried sends
 * left to be remembered, lifecycle.
 * A commit is known in memory the moment it is applied, and forgotten there once the store has it.
 */
@Injectable()
export class View implements CommitSink {
  readonly headers: Headers
  readonly results: Results
  readonly lifecycle: Lifecycle
  readonly deadLetters: DeadLetters
  private readonly dedupe: NamedRows
  private readonly state: NamedRows
  private readonly letters: NamedRows
  /** Incarnations whose rows are to be removed, some at a time. */
  readonly garbage: Table
  private readonly frames = new Frames()
  private readonly lifecycleFrames = new Subject<Frame<FeedCursor>>()
  private readonly commits = new Subject<Commit>()
  /** By partition. */
  private readonly positions: number[] = []
  private readonly spreads: Spreads
  /** Of the marker under which all this was read. */
  private readonly epoch: number

  /** @param partitions of the commit log; see {@link Lifecycle} for how many there may be */
  constructor(
    readonly store: Store,
    partitions: number,
  ) {
    this.epoch = store.version('epoch')
    this.headers = new Headers(store)
    this.results = new Results(store)
    this.lifecycle = new Lifecycle(store, partitions)
    this.dedupe = new NamedRows(store, 'dedupe')
    this.state = new NamedRows(store, 'state')
    this.letters = new NamedRows(store, 'letters')
    this.deadLetters = new DeadLetters((header) => this.lettersOf(header))
    this.garbage = store.table('garbage')
    this.spreads = new Spreads(store)
  }

  /** Every input entry of the partition below this offset is committed here. */
  to(partition: number): number {
    return this.positions[partition] ?? 0
  }

  /** Every input entry of the partition below this offset is committed here for every stream that is not behind. */
  taken(partition: number): number {
    return this.spread(partition)?.taken ?? this.to(partition)
  }

  /** Which streams of the partition are behind the others; undefined if none is. */
  spread(partition: number): Spread | undefined {
    return this.spreads.of(partition)
  }

  /** Every input entry of the partition below this offset is committed here for the stream. */
  reached(partition: number, stream: string): number {
    const behind = this.spread(partition)?.behind.find(([id]) => id === stream)
    return behind?.[1] ?? this.taken(partition)
  }

  /** What waits for the stream alone, in characters, since its processor does not keep up; and for all such streams of the partition. */
  waiting(partition: number, stream: string): { readonly own: number; readonly together: number } {
    let [own, together] = [0, 0]
    for (const [id, , chars] of this.spread(partition)?.behind ?? []) {
      if (id === stream) own = chars
      together += chars
    }
    return { own, together }
  }

  /** Counted commits, each right after it was applied. */
  get applied(): Observable<Commit> {
    return this.commits
  }

  header(stream: string): StreamHeader | undefined {
    return this.headers.get(stream)
  }

  /** What is remembered of a stream's retried sends under `key`. */
  remembered({ incarnation }: StreamHeader, key: string): string | undefined {
    return this.dedupe.get(incarnation, key)
  }

  /** What a stream's processor remembers. */
  stateOf({ incarnation, state }: StreamHeader): StoredState {
    return { ...this.state.of(incarnation), bytes: state?.bytes ?? 0 }
  }

  /** Rows of a stream's dead letters. */
  lettersOf({ incarnation }: StreamHeader): LetterRows {
    return this.letters.of(incarnation)
  }

  /** Frames of a life of a stream, from now on. */
  live(incarnation: string): Observable<Frame> {
    return this.frames.live(incarnation)
  }

  /** Frames of the lifecycle feed, from now on. */
  liveLifecycle(): Observable<Frame<FeedCursor>> {
    return this.lifecycleFrames
  }

  begin(partition: number, to: number, position: number): void {
    this.positions[partition] = to
    this.spreads.begin(partition, to)
    this.lifecycle.begin(partition, position)
  }

  takes(stream: string, incarnation: string): boolean {
    const header = this.headers.get(stream)
    return header?.incarnation === incarnation && header.status === 'open'
  }

  apply(commit: Commit, position: number): void {
    this.positions[commit.partition] = commit.to
    this.spreads.apply(commit)
    for (const patch of commit.streams) {
      this.headers.apply(patch, commit)
      this.results.apply(patch, commit)
      this.dedupe.apply(patch.incarnation, patch.dedupe, commit)
      this.state.apply(patch.incarnation, patch.state ?? [], commit)
      this.letters.apply(patch.incarnation, patch.letters ?? [], commit)
      this.emitResults(patch)
    }
    this.lifecycle.apply(commit, position)
    this.commits.next(commit)
  }

  pass(partition: number, position: number): void {
    this.lifecycle.pass(partition, position)
  }

  write(commits: readonly Commit[]): void {
    for (const patch of mergePatches(commits)) {
      // A life that this replica has kept for longer than the owner did.
      const former = patch.started ? this.headers.stored(patch.id)?.incarnation : undefined
      if (former !== undefined && former !== patch.incarnation) this.discard(former)
      this.headers.write(patch)
      this.results.write(patch)
      this.dedupe.write(patch.incarnation, patch.dedupe)
      this.state.write(patch.incarnation, patch.state)
      this.letters.write(patch.incarnation, patch.letters)
      if (patch.header === null) this.discard(patch.incarnation)
      if (patch.replaces !== undefined) this.discard(patch.replaces)
    }
    for (const commit of commits) this.lifecycle.write(commit)
    this.spreads.write(commits)
  }

  settle(commit: Commit): void {
    for (const patch of commit.streams) {
      this.headers.settle(patch, commit)
      this.results.settle(patch, commit)
      this.dedupe.settle(patch.incarnation, patch.dedupe, commit)
      this.state.settle(patch.incarnation, patch.state ?? [], commit)
      this.letters.settle(patch.incarnation, patch.letters ?? [], commit)
    }
    this.emitLifecycle(commit)
  }

  /**
   * Makes what `remove` removes one transaction, unless another process has taken the store over: what this one knows may be of old.
   * Says whether it was made.
   * @throws ApiError as {@link Store.transact}
   */
  async tidy(remove: () => void): Promise<boolean> {
    return this.store.transact('epoch', this.epoch, remove)
  }

  /** Forgets a stream that is over and all that was kept of it. */
  forget(header: StreamHeader): void {
    this.headers.remove(header)
    this.discard(header.incarnation)
  }

  /** Removes at most `limit` rows of a life of a stream that is gone; says how many. */
  removeSome(incarnation: string, limit: number): number {
    let removed = 0
    for (const rows of [this.results, this.dedupe, this.state, this.letters])
      if (removed < limit) removed += rows.removeSome(incarnation, limit - removed)
    if (removed < limit) this.headers.removeLife(incarnation)
    return removed
  }

  /** Leaves the rows of a life of a stream to be removed. */
  private discard(incarnation: string): void {
    void this.garbage.put(Buffer.from(incarnation, 'hex'), Buffer.alloc(0))
  }

  private emitResults({ incarnation, runs, header }: StreamPatch): void {
    for (const run of runs) {
      const after = run.first - 1
      this.frames.emit(incarnation, () => {
        const text = Buffer.from(encodeResults(incarnation, run.first, run.lines))
        return { after, to: lastOf(run), text, last: false }
      })
    }
    if (header === null) this.frames.emit(incarnation, () => deletedFrame(incarnation))
    else if (isOver(header)) this.frames.emit(incarnation, () => endFrame(header))
  }

  private emitLifecycle(commit: Commit): void {
    for (const { after, to, line } of this.lifecycle.settle(commit))
      if (this.lifecycleFrames.observed)
        this.lifecycleFrames.next({ after, to, text: Buffer.from(encodeLifecycle(to, line)), last: false })
  }
}

/** One lifecycle event as SSE text, for a reader that stands at `cursor` when it has it. */
export function encodeLifecycle(cursor: FeedCursor, line: string): string {
  return `id: ${encodeFeedCursor(cursor)}\ndata: ${line}\n\n`
}

/** What closes the results of a stream that is over: stands behind its newest result, whichever that is. */
export function endFrame(header: StreamHeader): Frame {
  const name = header.reason === 'timeout' ? 'timeout' : 'end'
  const text = Buffer.from(encodeEnd(header.incarnation, name, header.reason ?? 'ended'))
  return { after: header.lastSeq, to: header.lastSeq, text, last: true }
}

/** What closes the results of a stream that is gone, wherever its readers stand. */
export function deletedFrame(incarnation: string): Frame {
  const reason: CloseReason = 'deleted'
  return { after: -1, to: -1, text: Buffer.from(encodeEnd(incarnation, 'end', reason)), last: true }
}
