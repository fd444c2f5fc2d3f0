import type { Commit } from '../commit.js'
import type { Claim, CommitSink, Engine } from '../engine.js'
import type { StoredEntry } from '../entry.js'
import { STREAM } from './entries.js'

/** Keeps what it is given, in memory: what a view does besides is not the engine's affair. */
class KeepingSink implements CommitSink {
  begun: { readonly to: number; readonly position: number } | undefined
  readonly applied: Commit[] = []
  readonly positions: number[] = []
  readonly settled: Commit[] = []
  private readonly waiting: { readonly count: number; readonly resolve: () => void }[] = []

  constructor(private readonly partition: number) {}

  begin(partition: number, to: number, position: number): void {
    if (partition === this.partition) this.begun = { to, position }
  }

  takes(): boolean {
    return true
  }

  apply(commit: Commit, position: number): void {
    this.applied.push(commit)
    this.positions.push(position)
  }

  pass(): void {
    // It has no feed.
  }

  write(): void {
    // It has no rows.
  }

  settle(commit: Commit): void {
    this.settled.push(commit)
    for (const { count, resolve } of this.waiting) if (this.settled.length >= count) resolve()
  }

  /** Resolves when `count` commits in all can be read from the store. */
  async settledCount(count: number): Promise<void> {
    if (this.settled.length < count) await new Promise<void>((resolve) => this.waiting.push({ count, resolve }))
  }
}

/** An owner that decides nothing: the test reads and commits by hand. */
export class Worker {
  readonly sink: KeepingSink
  private readonly batches: AsyncIterator<readonly StoredEntry[]>
  private commits = 0

  private constructor(
    readonly engine: Engine,
    readonly claim: Claim,
    sink: KeepingSink,
  ) {
    this.sink = sink
    this.batches = claim.read()[Symbol.asyncIterator]()
  }

  /** Starts the engine and waits for the partition of the suite's stream. */
  static async on(engine: Engine): Promise<Worker> {
    const partition = engine.partitionOf(STREAM)
    const sink = new KeepingSink(partition)
    const claim = await new Promise<Claim>((resolve, reject) => {
      engine
        .start(sink, (offered) => {
          if (offered.partition === partition) resolve(offered)
        })
        .catch(reject)
    })
    return new Worker(engine, claim, sink)
  }

  /** The next `count` entries or, since batches come whole, some more; fewer if the claim ends before. */
  async read(count: number): Promise<StoredEntry[]> {
    const entries: StoredEntry[] = []
    while (entries.length < count) {
      const { done, value } = await this.batches.next()
      if (done === true) break
      entries.push(...value)
    }
    return entries
  }

  /** The next commit: everything up to and with `entry` is done. */
  commitUpTo(entry: StoredEntry | undefined): Promise<void> {
    return this.commit({ to: (entry?.offset ?? 0) + 1 })
  }

  /** @param again see {@link Claim.commit} */
  commit(content: Partial<Commit>, again = true): Promise<void> {
    const rest = { to: 0, at: 0, streams: [], verdicts: [], ...content }
    const { partition, epoch } = this.claim
    return this.claim.commit({ partition, epoch, n: ++this.commits, ...rest }, again)
  }

  /** Skips a number, as if that commit had been lost. */
  loseOne(): void {
    this.commits++
  }

  /** Whether the claim has nothing more to hand out. */
  async ended(): Promise<boolean> {
    return (await this.batches.next()).done === true
  }

  /** Stops reading, whatever it has not committed. */
  leave(): void {
    void this.batches.return?.()
  }

  /** As a process does that goes down in order: what it has read and not committed is left to the next. */
  async stop(): Promise<void> {
    this.leave()
    await this.engine.close()
  }
}
