import type { Commit } from './commit.js'
import type { Entry, StoredEntry } from './entry.js'

/**
 * The two logs, input and commits, cut into the same partitions. Nothing outside an adapter knows which adapter it is.
 * Errors are ApiErrors of the table in `libs/contract`.
 */
export interface Engine {
  /** How many partitions there are, numbered from 0. */
  readonly partitions: number

  /** The partition of a stream: the same for all its lives, on every replica. */
  partitionOf(stream: string): number

  /**
   * Appends an entry to the input. Resolves with its offset once it is durable and sure to stand before any seal appended later.
   * Entries of one caller are in the log in the order of the calls.
   * @throws ApiError `overloaded` | `storage_full` | `log_unavailable` (nothing happened), `append_unknown`
   */
  append(partition: number, entry: Entry): Promise<number>

  /** Starts the flow of commits into `sink`, and of partitions to `own`, which is called once for each partition that falls to this process. */
  start(sink: CommitSink, own: (claim: Claim) => void): Promise<void>

  /**
   * Resolves once the sink holds every commit there was at the time of the call: from then on what is not seen is absent.
   * @throws ApiError `view_behind` if it takes longer than the configured time
   */
  barrier(partition: number): Promise<void>

  /**
   * Whether the sink holds every commit of what stood in the input when this process started. Until then the sink may lack changes that
   * callers were told of before; a barrier waits for them.
   */
  caughtUp(partition: number): boolean

  /** Offset of the next input entry: what lies between it and the sink's position waits to be processed. */
  end(partition: number): number

  /** About the log's time now, in ms since 1970. */
  now(): number

  /** Whether appends can succeed at all. `reason` says why not or, where they can, what else is to be known. */
  health(): { readonly ok: boolean; readonly reason?: string }

  /** Waits for appends and commits in flight, then lets go of the logs. Claims end. */
  close(): Promise<void>
}

/** A partition that this process owns: a marker was appended and opened `epoch`. */
export interface Claim {
  readonly partition: number
  readonly epoch: number
  /** Every input entry below this offset was committed before, for every stream. */
  readonly from: number
  /** Log time of the newest of them, in ms since 1970; 0 if there is none. */
  readonly at: number
  /** Absent where nothing is lost when commits are forgotten, since the view is the log. */
  readonly renewal?: Renewal
  /** Aborted when it ends, for whoever waits for anything but its entries. Absent where it ends with the process. */
  readonly over?: AbortSignal

  /**
   * Input entries in offset order, from the position of the last counted commit. Never an empty batch; waits at the end of the log;
   * ends when the claim does.
   */
  read(): AsyncIterable<readonly StoredEntry[]>

  /**
   * Writes the next commit of this epoch. Resolves once the sink has applied it and there is room for another: a bounded number of
   * bytes is on its way to the disk. Rejects when the claim is lost, or is over and what was read was committed; the owner stops then.
   * @param again whether the same input would give the same commit after a crash, so that the sink may have it before it is durable
   */
  commit(commit: Commit, again: boolean): Promise<void>
}

/** What an owner does first, so that old commits can be removed: what was last said of an open stream long ago is said again. */
export interface Renewal {
  /** For headers that were last committed at or before this log time. */
  readonly before: number
  /** To be called when they are committed again. */
  done(): void
}

/** Where counted commits go, in log order: the view. */
export interface CommitSink {
  /**
   * Where the store stands: every input entry of the partition below `to` is committed in it, and every commit up to `position` of the
   * commit log is in it or, if the store was made anew, was gone from the log before. Called for each before any of its commits, and
   * again if the commits turn out to begin later.
   */
  begin(partition: number, to: number, position: number): void
  /** Whether the stream is open, in this life, as of the commits applied. */
  takes(stream: string, incarnation: string): boolean
  /** Makes the commit, which stands at `position` of the commit log, known in one tick and in memory: headers move, its results can be read, frames go out. */
  apply(commit: Commit, position: number): void
  /** What stands at `position` of the commit log changes nothing. */
  pass(partition: number, position: number): void
  /** Puts the rows of consecutive commits into the transaction that is open. */
  write(commits: readonly Commit[]): void
  /** The rows can be read from the store: the copy in memory may go. */
  settle(commit: Commit): void
}
