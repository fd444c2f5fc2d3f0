import { setTimeout as wait } from 'node:timers/promises'
import { ApiError } from '#libs/contract'
import {
  charsOf,
  encodeEntry,
  Lane,
  type Claim,
  type Commit,
  type CommitSink,
  type Engine,
  type Entry,
  type StoredEntry,
} from '#libs/engine'
import type { Store, Table } from '../view/store.js'
import { decodeInputRow, encodeInputRow, inputKey } from './input-rows.js'
import { LogClock } from './log-clock.js'

/** How often a commit that found no room on the disk is tried again. */
const RETRY_MS = 250

/**
 * Commits gather this long: nobody waits for one to be on the disk, since its results are read from memory until then and its input is
 * on the disk already. Only lifecycle events are told from the disk, so a commit that has one is not rested for. The longer, the fewer
 * pages are written for each result, and the more input is processed again after a crash. 200 ms for 50: 10 % more sends a second (bench).
 */
const COMMIT_REST_MS = 200

/** A marker opens an epoch; commit n of it needs the version this gives for n - 1. Both stay below 2^53. */
const headVersion = (epoch: number, n: number): number => epoch * 2 ** 32 + n

interface Append {
  readonly entry: Entry
  readonly text: string
  readonly resolve: (offset: number) => void
  readonly reject: (error: unknown) => void
}

interface PendingCommit {
  readonly commit: Commit
  readonly position: number
  /** Lets the sink know it, if that had to wait for the disk. */
  readonly apply: (() => void) | undefined
  /** Of its results. */
  readonly chars: number
}

/** Progress as it stands in the row `head`, whose version is the epoch and number of the last commit. */
interface Head {
  /** Everything below this input offset is committed. */
  readonly to: number
  /** Commits there were in all. */
  readonly position: number
  /** The newest log time, ms since 1970. */
  readonly at: number
}

export interface EmbeddedEngineOptions {
  /** Input that may wait to be processed, in characters of its text. */
  readonly backlogBytes: number
  /** Results that may be on their way to the disk, in characters. */
  readonly maxUnsettledChars: number
  readonly barrierTimeoutMs: number
  /** Called once when this process must stop: another one has taken the store over. */
  readonly onFenced: () => void
}

/**
 * The engine port on one LMDB environment that it shares with the view: a commit is one transaction that moves results, headers,
 * progress and trims the input it came from. One partition: one disk has one sync to wait for. The rule of the commit log is the
 * condition of each transaction: an append holds in its epoch only, a commit only behind its predecessor.
 */
export class EmbeddedEngine implements Engine {
  private readonly input: Table
  private readonly clock: LogClock
  private readonly epoch: number
  /** Offset of the next entry. */
  private next: number
  private head: Head
  /** Everything below this input offset is committed for every stream, or the owner has it in hand. */
  private taken: number
  /** First offset that was not there when this process started: below it input is read from the disk. */
  private readonly recovered: number
  private readonly appends: Lane<Append>
  private readonly commits: Lane<PendingCommit>
  private rows: { readonly first: number; readonly end: number }[] = []
  /** What was appended together and is not processed yet, in order: it counts into the backlog. */
  private readonly unprocessed: { readonly end: number; readonly chars: number }[] = []
  private tail: StoredEntry[] = []
  private backlogChars = 0
  private unsettledChars = 0
  private sink: CommitSink | undefined
  private fenced = false
  private closing = false
  /** Nothing is read any more, and what was read is committed: what an owner has still at work is done after the next start. */
  private closed = false
  /** A commit was given up: those behind it would not count, and their input is there at the next start. */
  private leftOut = false
  private wake: () => void = () => undefined
  /** Resolves when nobody reads the input any more. */
  private reading = Promise.resolve()
  private readonly barriers = new Set<() => void>()

  constructor(
    private readonly store: Store,
    private readonly options: EmbeddedEngineOptions,
  ) {
    this.input = store.table('input')
    this.epoch = this.mark()
    // All is read behind the marker: what an older process has written until then counts, and nothing of it after.
    this.head = this.readHead()
    this.taken = this.head.to
    this.next = this.head.to
    let at = this.head.at
    for (const { key, value } of this.input.getRange({ reverse: true, limit: 1 })) {
      const { entries } = decodeInputRow(key, value)
      this.next = (entries.at(-1)?.offset ?? this.next) + 1
      at = Math.max(at, entries.at(-1)?.at ?? 0)
    }
    this.recovered = this.next
    this.clock = new LogClock(at)
    this.appends = new Lane((batch) => this.writeAppends(batch))
    this.commits = new Lane((batch) => this.writeCommits(batch), { restMs: COMMIT_REST_MS })
  }

  readonly partitions = 1

  partitionOf(): number {
    return 0
  }

  append(_partition: number, entry: Entry): Promise<number> {
    const text = encodeEntry(entry)
    if (this.closing) return Promise.reject(new ApiError('shutting_down'))
    if (!this.health().ok) return Promise.reject(new ApiError('log_unavailable'))
    // A single entry always finds room: its text is longer than the body it came from, which may be as large as the whole budget.
    const full = this.backlogChars > 0 && this.backlogChars + text.length > this.options.backlogBytes
    if (entry.kind === 'data' && full) return Promise.reject(new ApiError('overloaded'))
    this.backlogChars += text.length
    return new Promise((resolve, reject) => {
      this.appends.add({ entry, text, resolve, reject })
    })
  }

  start(sink: CommitSink, own: (claim: Claim) => void): Promise<void> {
    this.sink = sink
    sink.begin(0, this.head.to, this.head.position)
    own({
      partition: 0,
      epoch: this.epoch,
      from: this.head.to,
      at: this.head.at,
      read: () => this.read(),
      commit: (commit, again) => this.commit(sink, commit, again),
    })
    return Promise.resolve()
  }

  async barrier(): Promise<void> {
    if (this.caughtUp()) return
    let pass = (): void => undefined
    const passed = new Promise<'passed'>((resolve) => {
      pass = (): void => {
        resolve('passed')
      }
    })
    this.barriers.add(pass)
    const abort = new AbortController()
    const late = wait(this.options.barrierTimeoutMs, 'late' as const, { signal: abort.signal, ref: false }).catch(
      () => 'late' as const,
    )
    const outcome = await Promise.race([passed, late])
    abort.abort()
    this.barriers.delete(pass)
    if (outcome === 'late') throw new ApiError('view_behind')
  }

  caughtUp(): boolean {
    return this.taken >= this.recovered
  }

  end(): number {
    return this.next
  }

  now(): number {
    return this.clock.now()
  }

  health(): { ok: boolean; reason?: string } {
    if (this.fenced) return { ok: false, reason: 'another process has taken the store over' }
    if (!this.store.sound) return { ok: false, reason: 'a sync to the disk has failed; restart to go on' }
    return { ok: true }
  }

  async close(): Promise<void> {
    this.closing = true
    this.wake()
    // The reader comes back for more when what it has is committed.
    await this.reading
    this.closed = true
    await this.appends.idle()
    await this.commits.idle()
  }

  private async *read(): AsyncGenerator<readonly StoredEntry[]> {
    let done = (): void => undefined
    this.reading = new Promise((resolve) => (done = resolve))
    try {
      yield* this.readRecovered()
      yield* this.readTail()
    } finally {
      done()
    }
  }

  private async *readTail(): AsyncGenerator<readonly StoredEntry[]> {
    while (!this.closing && !this.fenced) {
      if (this.tail.length > 0) {
        // First the acks leave, then what is being synced joins. Senders that each wait for their ack else fall into two groups that
        // take turns, and readers get a frame for each: 9.6 records a frame instead of 16 of 16 senders, and 0.65 x the floor's
        // deliveries to 500 readers instead of 0.98 x (bench, row fan-out).
        await new Promise(setImmediate)
        await this.appends.written()
        const batch = this.tail
        this.tail = []
        yield batch
      } else {
        await new Promise<void>((resolve) => {
          this.wake = resolve
        })
      }
    }
  }

  /** Input found at start, row by row; the iterator is closed before each batch is handed out. */
  private async *readRecovered(): AsyncGenerator<readonly StoredEntry[]> {
    let from = 0
    while (from < this.recovered && !this.closing && !this.fenced) {
      const [row] = [...this.input.getRange({ start: inputKey(from), end: inputKey(this.recovered), limit: 1 })]
      if (row === undefined) return
      const { first, entries } = decodeInputRow(row.key, row.value)
      from = first + entries.length
      this.rows.push({ first, end: from })
      // Between two rows the loop takes its turn: a backlog may hold minutes of work.
      await new Promise(setImmediate)
      const open = entries.filter((entry) => entry.offset >= this.head.to)
      if (open.length > 0) yield open
    }
  }

  private async writeAppends(waiting: readonly Append[]): Promise<void> {
    const batch = this.withRoom(waiting)
    if (batch.length === 0) return
    const first = this.next
    const at = this.clock.now()
    const value = encodeInputRow(
      at,
      batch.map(({ text }) => text),
    )
    const chars = batch.reduce((sum, { text }) => sum + text.length, 0)
    try {
      if (this.fenced) throw new ApiError('log_unavailable')
      const held = await this.store.transact('epoch', this.epoch, () => void this.input.put(inputKey(first), value))
      if (!held) throw this.fence()
    } catch (error) {
      this.backlogChars -= chars
      const answer = this.appendError(error)
      for (const { reject } of batch) reject(answer)
      return
    }
    this.next = first + batch.length
    this.rows.push({ first, end: this.next })
    this.unprocessed.push({ end: this.next, chars })
    batch.forEach(({ entry, resolve }, index) => {
      this.tail.push({ ...entry, offset: first + index, at })
      resolve(first + index)
    })
    this.wake()
  }

  /** Refuses what takes room that the disk does not have: not what ends streams, or lets them expire. */
  private withRoom(batch: readonly Append[]): readonly Append[] {
    if (this.store.takesInput(this.backlogChars + this.unsettledChars)) return batch
    const takesRoom = ({ entry: { kind } }: Append): boolean => kind === 'data' || kind === 'replay' || kind === 'start'
    for (const { text, reject } of batch.filter(takesRoom)) {
      this.backlogChars -= text.length
      reject(new ApiError('storage_full'))
    }
    return batch.filter((append) => !takesRoom(append))
  }

  private async commit(sink: CommitSink, commit: Commit, early: boolean): Promise<void> {
    if (this.fenced || this.closed) throw new ApiError('log_unavailable')
    const position = this.head.position + 1
    const chars = charsOf(commit)
    this.unsettledChars += chars
    const apply = (): void => {
      this.head = { to: commit.to, position, at: commit.at }
      sink.apply(commit, position)
    }
    const tellsEvents = commit.streams.some(({ event }) => event !== undefined)
    if (early) {
      apply()
      this.commits.add({ commit, position, chars, apply: undefined }, tellsEvents)
    } else {
      // Processed again after a crash, its input could give other results than a reader has had.
      this.commits.add({ commit, position, chars, apply }, true)
      await this.commits.idle()
      if (this.leftOut) throw new ApiError('log_unavailable')
    }
    this.taken = commit.spread?.taken ?? commit.to
    this.releaseBacklog()
    if (this.caughtUp()) {
      for (const pass of this.barriers) pass()
      this.barriers.clear()
    }
    if (this.unsettledChars >= this.options.maxUnsettledChars) await this.commits.idle()
  }

  /** What is taken is processed, or counted by the owner: there is room for as much. */
  private releaseBacklog(): void {
    const open = this.unprocessed.findIndex(({ end }) => end > this.taken)
    const processed = this.unprocessed.splice(0, open === -1 ? this.unprocessed.length : open)
    for (const { chars } of processed) this.backlogChars -= chars
  }

  private async writeCommits(batch: readonly PendingCommit[]): Promise<void> {
    const [before, newest] = [batch[0], batch.at(-1)]
    this.leftOut ||= this.fenced
    if (before === undefined || newest === undefined || this.leftOut) return
    const { to, at, n } = newest.commit
    // Not always the first ones: rows found at start come among those appended meanwhile.
    const done = new Set(this.rows.filter((row) => row.end <= to))
    const write = (): void => {
      const head: Head = { to, position: newest.position, at }
      void this.store.meta.put('head', Buffer.from(JSON.stringify(head)), headVersion(this.epoch, n))
      for (const row of done) void this.input.remove(inputKey(row.first))
      this.sink?.write(batch.map(({ commit }) => commit))
    }
    while (!(await this.tryCommit(headVersion(this.epoch, before.commit.n - 1), write))) {
      this.leftOut = this.closing || this.fenced || !this.store.sound
      if (this.leftOut) return
      await wait(RETRY_MS)
    }
    this.rows = this.rows.filter((row) => !done.has(row))
    for (const { commit, apply } of batch) {
      apply?.()
      this.sink?.settle(commit)
    }
    for (const { chars } of batch) this.unsettledChars -= chars
  }

  /** Whether the commits are on the disk; false means that nothing of them is, and that there may be room later. */
  private async tryCommit(version: number, write: () => void): Promise<boolean> {
    try {
      if (await this.store.transact('head', version, write, this.unsettledChars)) return true
      this.fence()
      return false
    } catch (error) {
      if (error instanceof ApiError) return false
      throw error
    }
  }

  /** Appends the marker: from here on nothing that an older process still writes counts. */
  private mark(): number {
    let epoch = 0
    this.store.transactNow(() => {
      epoch = this.store.version('epoch') + 1
      this.store.meta.putSync('epoch', Buffer.from(new Date().toISOString()), epoch)
      this.store.meta.putSync('head', Buffer.from(JSON.stringify(this.readHead())), headVersion(epoch, 0))
    })
    return epoch
  }

  private readHead(): Head {
    const row = this.store.meta.get('head')
    return row === undefined ? { to: 0, position: 0, at: 0 } : (JSON.parse(row.toString()) as Head)
  }

  /** Another process has taken the store over: nothing is written any more, whatever the store would still take. */
  giveUp(): void {
    this.fence()
  }

  private fence(): ApiError {
    if (!this.fenced) {
      this.fenced = true
      this.wake()
      this.options.onFenced()
    }
    return new ApiError('log_unavailable')
  }

  /** An append whose sync failed may be in the log all the same. */
  private appendError(error: unknown): unknown {
    if (error instanceof ApiError && error.code === 'log_unavailable' && !this.fenced && !this.store.sound)
      return new ApiError('append_unknown', {}, { cause: error })
    return error
  }
}
