import { join } from 'node:path'

import { filter, firstValueFrom, Subject } from 'rxjs'

import type { Claim, Commit, CommitSink, Entry } from '#libs/engine'
import { EmbeddedEngine } from '../../src/embedded/embedded-engine.js'
import type { BatchHandler } from '../../src/processing/batch.js'
import { Owner } from '../../src/processing/owner.js'
import { lastOf } from '../../src/view/rows.js'
import { Store } from '../../src/view/store.js'
import { View } from '../../src/view/view.js'
import { afterTests } from './clean-up.js'
import { echo } from './processing.js'

export interface ReplicaOptions {
  /** Default: each record's text is its result. */
  readonly process?: BatchHandler
  readonly maxCommitChars?: number
  /** Default: plenty. */
  readonly maxDeadLetterBytes?: number
  /** Default: plenty. With 1, each commit is on the disk before the next is made. */
  readonly maxUnsettledChars?: number
  /** Default: the owner's. */
  readonly patienceMs?: number
  /** Default: all streams. */
  readonly owns?: (stream: string) => boolean
  /** Claims that take the place of the engine's, each for an owner of its own when the one before has stopped. Default: that one alone. */
  readonly claims?: (claim: Claim, view: View) => AsyncIterable<Claim>
  /** Whether its owner works at once; else at `work`. */
  readonly idle?: boolean
}

/**
 * What a process holds around its owner, all of it real: store, engine, view. Another one opened on the same folder takes over from
 * it wherever it is, as after a SIGKILL: nothing that the former one has not brought to the disk by then will ever count.
 */
export class Replica {
  readonly engine: EmbeddedEngine
  readonly view: View
  /** Settles when the owner has stopped; rejects when it failed. */
  owned: Promise<void> = Promise.resolve()
  private readonly commits = { applied: 0, settled: 0, settle: new Subject<void>() }

  constructor(
    folder: string,
    private readonly options: ReplicaOptions = {},
  ) {
    const store = new Store(join(folder, 'store'))
    this.engine = new EmbeddedEngine(store, {
      backlogBytes: 100_000_000,
      maxUnsettledChars: options.maxUnsettledChars ?? 1_000_000,
      barrierTimeoutMs: 10_000,
      onFenced: () => undefined,
    })
    this.view = new View(store, this.engine.partitions)
    afterTests(() => this.engine.close())
    if (options.idle !== true) this.work()
  }

  work(): void {
    void this.engine.start(this.sink(), (claim) => {
      this.owned = this.own(claim)
    })
    // A test that wants to know awaits it; the others take a former owner's end for what it is.
    this.owned.catch(() => undefined)
  }

  private async own(engines: Claim): Promise<void> {
    const { process = echo, maxCommitChars = 100_000, maxDeadLetterBytes = 1_000_000 } = this.options
    const { owns = () => true, patienceMs, claims } = this.options
    const { view } = this
    const append = (entry: Entry): Promise<number> => this.append(entry)
    const bounds = { maxCommitChars, maxDeadLetterBytes, ...(patienceMs !== undefined && { patienceMs }) }
    for await (const claim of claims?.(engines, view) ?? [engines])
      await new Owner({ claim, view, process, append, owns, ...bounds }).run()
  }

  append(entry: Entry): Promise<number> {
    return this.engine.append(0, entry)
  }

  /** Resolves when everything appended so far is processed. */
  async processed(): Promise<void> {
    const end = this.engine.end()
    if (this.view.to(0) < end) await firstValueFrom(this.view.applied.pipe(filter(({ to }) => to >= end)))
  }

  /** Resolves when everything processed so far is on the disk. */
  async settled(): Promise<void> {
    const { applied, settled, settle } = this.commits
    if (settled < applied) await firstValueFrom(settle.pipe(filter(() => this.commits.settled >= applied)))
  }

  /** Resolves when commit number `n` of this replica is made, and nothing of it is on the disk yet. */
  async made(n: number): Promise<void> {
    await firstValueFrom(this.view.applied.pipe(filter((commit) => commit.n === n)))
  }

  /** All results of a life of a stream that can be read. */
  results(incarnation: string): string[] {
    const lines: string[] = []
    let after = 0
    for (const run of this.view.results.page(incarnation, 0, Infinity)) {
      if (run.first !== after + 1) throw new Error(`result ${after + 1} is missing`)
      lines.push(...run.lines)
      after = lastOf(run)
    }
    return lines
  }

  /** The view, and a count of what it is given. */
  private sink(): CommitSink {
    const { view, commits } = this
    return {
      begin: (partition, to, position) => {
        view.begin(partition, to, position)
      },
      pass: (partition, position) => {
        view.pass(partition, position)
      },
      takes: (stream, incarnation) => view.takes(stream, incarnation),
      apply: (commit: Commit, position: number) => {
        commits.applied++
        view.apply(commit, position)
      },
      write: (batch: readonly Commit[]) => {
        view.write(batch)
      },
      settle: (commit: Commit) => {
        view.settle(commit)
        commits.settled++
        commits.settle.next()
      },
    }
  }

  async close(): Promise<void> {
    await this.engine.close()
    await this.owned.catch(() => undefined)
  }
}
