import { MAX_FEED_PARTITIONS, type FeedCursor } from '#libs/contract'
import type { Commit } from '#libs/engine'
import { oldestFirst } from './oldest-first.js'
import { numberKey } from './rows.js'
import type { Store, Table } from './store.js'

/** Events of one commit are numbered within it: a commit at position p has the numbers behind p × 65,536. */
const EVENTS_PER_COMMIT = 65_536

export interface LifecycleEvent {
  readonly partition: number
  /** Rises within the partition. */
  readonly number: number
  /** Log time, ms since 1970. */
  readonly at: number
  /** Single-line JSON. */
  readonly line: string
}

/** An event that can be read from now on: who has seen `after` and then it has seen `to`. */
export interface ToldEvent {
  readonly after: FeedCursor
  readonly to: FeedCursor
  readonly line: string
}

/** How far the events of one partition go, in numbers of events: each is at or behind the one before it. */
interface Reach {
  /** Nothing up to here is kept. */
  trimmed: number
  /** The newest event that can be read, or `trimmed`. */
  newest: number
  /** Everything up to here can be read; commits that tell nothing count, too. */
  settled: number
  /** Everything up to here is known, if not yet on the disk. */
  applied: number
  /** Commits on their way to the disk. */
  unsettled: number
}

/**
 * What happened to streams, as a log for each partition: single-line JSON under rising numbers that every replica agrees on. In what
 * order the partitions take turns each replica finds for itself. An event can be read once it is on the disk: after a crash the same
 * input may be cut into other commits, and have other numbers.
 */
export class Lifecycle {
  /**
   * Where those stand who read live: they have seen all that can be read. There is one such object at a time, and a new one with each
   * event, so that being it is to stand there. Of partitions that had no event lately it says how far their logs were looked through.
   */
  latest: FeedCursor
  private readonly reaches: readonly Reach[]
  private readonly table: Table
  /** What commits tell that are not on the disk yet. */
  private readonly unsettled = new Map<
    Commit,
    { readonly position: number; readonly events: readonly LifecycleEvent[] }
  >()

  /** @throws RangeError if no cursor could hold so many partitions */
  constructor(
    private readonly store: Store,
    partitions: number,
  ) {
    if (partitions > MAX_FEED_PARTITIONS)
      throw new RangeError(
        `There are ${partitions} partitions; a cursor of lifecycle events holds ${MAX_FEED_PARTITIONS}.`,
      )
    this.table = store.table('lifecycle')
    this.reaches = Array.from({ length: partitions }, () => ({
      trimmed: 0,
      newest: 0,
      settled: 0,
      applied: 0,
      unsettled: 0,
    }))
    this.latest = this.reaches.map(({ settled }) => settled)
  }

  /** Where reading starts if nothing is to be missed that is still kept. */
  get earliest(): FeedCursor {
    return this.reaches.map(({ trimmed }) => trimmed)
  }

  /** Whether everything is known that was seen by who stands at the cursor. */
  knows(cursor: FeedCursor): boolean {
    return this.reaches.every(({ applied }, partition) => numberOf(cursor, partition) <= applied)
  }

  /** Whether everything can be read that was seen by who stands at the cursor. */
  holds(cursor: FeedCursor): boolean {
    return this.reaches.every(({ settled }, partition) => numberOf(cursor, partition) <= settled)
  }

  /** The cursor, moved on in the partitions where what stood behind it was trimmed. */
  kept(cursor: FeedCursor): FeedCursor {
    return this.reaches.map(({ trimmed }, partition) => Math.max(trimmed, numberOf(cursor, partition)))
  }

  /**
   * Events behind a cursor: each partition's in order, those of several by their time. One indexed read for each partition that has any;
   * to be taken in one tick, and closed.
   */
  read(after: FeedCursor): Generator<LifecycleEvent, void> {
    const lanes = this.reaches.flatMap(({ newest }, partition) => {
      const seen = numberOf(after, partition)
      return seen < newest ? [this.events(partition, seen, newest)] : []
    })
    return oldestFirst(lanes)
  }

  /** As {@link CommitSink.begin}. */
  begin(partition: number, position: number): void {
    const reach = this.reach(partition)
    reach.settled = reach.applied = lastNumber(position)
    // Of what was gone from the log before, a store made anew knows nothing.
    reach.trimmed = Number(this.store.meta.get(trimmedRow(partition))?.toString() ?? reach.settled)
    reach.newest = reach.trimmed
    const range = { start: eventKey(partition, reach.settled), end: eventKey(partition, 0), reverse: true, limit: 1 }
    for (const key of this.table.getKeys(range)) reach.newest = eventNumber(key)
    this.latest = this.reaches.map(({ settled }) => settled)
  }

  apply(commit: Commit, position: number): void {
    const { at, partition } = commit
    const told = commit.streams.filter(({ event }) => event !== undefined)
    const events = told.map(({ event, id, incarnation }, index) => {
      const line = JSON.stringify({ type: event, stream_id: id, incarnation, at: new Date(at).toISOString() })
      return { partition, number: position * EVENTS_PER_COMMIT + index + 1, at, line }
    })
    this.unsettled.set(commit, { position, events })
    const reach = this.reach(partition)
    reach.unsettled++
    reach.applied = lastNumber(position)
  }

  /** As {@link CommitSink.pass}. */
  pass(partition: number, position: number): void {
    const reach = this.reach(partition)
    reach.applied = lastNumber(position)
    if (reach.unsettled === 0) reach.settled = reach.applied
  }

  write(commit: Commit): void {
    const { partition } = commit
    for (const { number, line } of this.unsettled.get(commit)?.events ?? [])
      void this.table.put(eventKey(partition, number), Buffer.from(line))
    // From its first commit on the store knows from where on it has everything.
    if (this.store.meta.get(trimmedRow(partition)) === undefined) this.putTrimmed(partition)
  }

  /** The events of a commit, in order, now part of the log. */
  settle(commit: Commit): readonly ToldEvent[] {
    const known = this.unsettled.get(commit)
    if (known === undefined) return []
    this.unsettled.delete(commit)
    const reach = this.reach(commit.partition)
    const told = known.events.map(({ number, line }) => {
      const after = this.latest
      reach.newest = reach.settled = number
      this.latest = this.reaches.map(({ settled }) => settled)
      return { after, to: this.latest, line }
    })
    reach.unsettled--
    reach.settled = reach.unsettled === 0 ? reach.applied : lastNumber(known.position)
    return told
  }

  /** Removes at most `limit` events older than `before` (ms since 1970); says how many. */
  trim(before: number, limit: number): number {
    let removed = 0
    for (const [partition, reach] of this.reaches.entries()) {
      const { trimmed, newest } = reach
      for (const { number, at } of this.events(partition, trimmed, newest)) {
        if (at >= before || removed === limit) break
        void this.table.remove(eventKey(partition, number))
        reach.trimmed = number
        removed++
      }
      if (reach.trimmed > trimmed) this.putTrimmed(partition)
    }
    return removed
  }

  /** Of one partition, behind number `after`, up to and with number `to`. */
  private *events(partition: number, after: number, to: number): Generator<LifecycleEvent, void> {
    const range = { start: eventKey(partition, after + 1), end: eventKey(partition, to + 1) }
    for (const { key, value } of this.table.getRange(range)) {
      const line = value.toString()
      const { at } = JSON.parse(line) as { at: string }
      yield { partition, number: eventNumber(key), at: Date.parse(at), line }
    }
  }

  private putTrimmed(partition: number): void {
    void this.store.meta.put(trimmedRow(partition), Buffer.from(String(this.reach(partition).trimmed)), 0)
  }

  private reach(partition: number): Reach {
    const reach = this.reaches[partition]
    if (reach === undefined) throw new RangeError(`There is no partition ${partition}.`)
    return reach
  }
}

const numberOf = (cursor: FeedCursor, partition: number): number => cursor[partition] ?? 0

/** The number that the last event of the commit at this position can have. */
const lastNumber = (position: number): number => (position + 1) * EVENTS_PER_COMMIT

const trimmedRow = (partition: number): string => `lifecycle-trimmed-${partition}`

/** 2 bytes of partition, then 8 of the number, big-endian. */
function eventKey(partition: number, number: number): Buffer {
  const position = numberKey(Math.floor(number / EVENTS_PER_COMMIT))
  return Buffer.concat([uint16(partition), position, uint16(number % EVENTS_PER_COMMIT)])
}

function uint16(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeUInt16BE(number)
  return bytes
}

const eventNumber = (key: Buffer): number => key.readUIntBE(2, 6) * EVENTS_PER_COMMIT + key.readUInt16BE(8)
