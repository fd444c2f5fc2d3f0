/** The two logs; and, where records are processed by a job outside, the way to it and the way back. */
export type Log = 'input' | 'commits' | 'work' | 'done'

/** A message as it is appended. Its key names what it is about to people who look at the topic; nothing else reads it. */
export interface NewMessage {
  readonly key: string
  readonly text: string
}

/** A message as it stands in a partition of a log: its offset, and the time at which the broker appended it, in ms since 1970. */
export interface StoredMessage {
  readonly offset: number
  readonly at: number
  readonly text: string
}

/** Offsets of a partition: of the oldest message kept, and of the next one. Equal when it holds none. */
export interface Extent {
  readonly oldest: number
  readonly end: number
}

/**
 * An append failed. `nothing`: none of its messages is in the log or ever will be. `never`: nor would they be if it were tried again.
 * `unknown`: they may be, now or later.
 */
export class AppendFailed extends Error {
  constructor(
    readonly outcome: 'nothing' | 'never' | 'unknown',
    options?: ErrorOptions,
  ) {
    super(outcome === 'unknown' ? 'It is not known whether this was appended.' : 'Nothing was appended.', options)
  }
}

/** A log does not hold what comes next: it was trimmed, or cut off, or its offsets have a gap. Whoever reads it stops. */
export class LogGap extends Error {
  constructor(
    readonly log: Log,
    readonly partition: number,
    readonly expected: number,
    readonly found: string,
  ) {
    super(`Partition ${partition} of the ${log} should go on with offset ${expected}; ${found}.`)
  }
}

/** What the Kafka engine needs of a cluster. Nothing else knows the client library. */
export interface Broker {
  /** Of each log, numbered from 0. */
  readonly partitions: number

  /**
   * Appends messages to one partition, together and in this order, in one attempt. Resolves with the offset of the first once all
   * are durable (acks=all).
   * @throws AppendFailed
   */
  append(log: Log, partition: number, messages: readonly NewMessage[]): Promise<number>

  /**
   * The messages of a partition from offset `from` on, as they become durable; never an empty batch. Waits at the end of the log, and
   * through failures of brokers. Fetches ahead a bounded number of bytes. Ends when `signal` is aborted.
   * @throws LogGap as soon as anything but the next offset would be handed out; of `done`, where others write and transactions leave
   *   gaps, only when the next offset is not there any more
   */
  read(log: Log, partition: number, from: number, signal: AbortSignal): AsyncIterable<readonly StoredMessage[]>

  /**
   * The extent of a partition, as of some time after the call.
   * @throws Error if it cannot be had in one attempt
   */
  extent(log: Log, partition: number): Promise<Extent>

  /** Removes what is below offset `before`, sooner or later. */
  trim(log: Log, partition: number, before: number): Promise<void>

  /**
   * Joins the group that shares the partitions of the input out. Calls `assign` with this member's partitions whenever they may have
   * changed. While the group is not heard of, the last ones stand: whoever is given them meanwhile says so by a marker. Rejoins by itself
   * until it leaves.
   */
  join(assign: (partitions: readonly number[]) => void): Promise<Membership>

  /** Waits for appends under way; reads end. */
  close(): Promise<void>
}

export interface Membership {
  /** The partitions of this member as of the last heartbeat that the group has answered, and how long ago that was, in ms. */
  fresh(): { readonly partitions: readonly number[]; readonly ageMs: number }
  leave(): Promise<void>
}
