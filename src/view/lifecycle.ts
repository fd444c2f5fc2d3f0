import type { Commit } from '#libs/engine'
import { numberKey } from './rows.js'
import type { Store, Table } from './store.js'

/** Events of one commit are numbered within it: a commit at position p has the numbers from p × 65,536 on. */
const EVENTS_PER_COMMIT = 65_536

const TRIMMED = 'lifecycle-trimmed'

export interface LifecycleEvent {
  readonly number: number
  /** Single-line JSON. */
  readonly line: string
}

/**
 * What happened to streams, as a log of its own: single-line JSON under rising numbers that every replica agrees on. An event can be
 * read once it is on the disk: after a crash the same input may be cut into other commits, and have other numbers.
 */
export class Lifecycle {
  /** Number of the newest event that can be read; 0 before the first. */
  latest = 0
  private trimmed: number
  private readonly table: Table
  /** Events that are not on the disk yet. */
  private readonly tail: (LifecycleEvent & { readonly by: Commit })[] = []

  constructor(private readonly store: Store) {
    this.table = store.table('lifecycle')
    this.trimmed = Number(store.meta.get(TRIMMED)?.toString() ?? 0)
    this.latest = this.trimmed
    for (const key of this.table.getKeys({ reverse: true, limit: 1 })) this.latest = eventNumber(key)
  }

  /** Where reading starts if nothing is to be missed that is still kept. */
  get earliest(): number {
    return this.trimmed
  }

  /** Events behind number `after`, up to about `maxChars` of them. */
  page(after: number, maxChars: number): LifecycleEvent[] {
    const events: LifecycleEvent[] = []
    let chars = 0
    for (const { key, value } of this.table.getRange({ start: eventKey(after + 1), end: eventKey(this.latest + 1) })) {
      events.push({ number: eventNumber(key), line: value.toString() })
      if ((chars += value.length) >= maxChars) break
    }
    return events
  }

  apply(commit: Commit, position: number): void {
    const told = commit.streams.filter(({ event }) => event !== undefined)
    for (const [index, { event, id, incarnation }] of told.entries()) {
      const at = new Date(commit.at).toISOString()
      const line = JSON.stringify({ type: event, stream_id: id, incarnation, at })
      this.tail.push({ number: position * EVENTS_PER_COMMIT + index + 1, line, by: commit })
    }
  }

  write(commit: Commit): void {
    for (const { number, line, by } of this.tail)
      if (by === commit) void this.table.put(eventKey(number), Buffer.from(line))
  }

  /** The events of a commit, in order, now part of the log. */
  settle(commit: Commit): readonly LifecycleEvent[] {
    const others = this.tail.findIndex(({ by }) => by !== commit)
    const events = this.tail.splice(0, others === -1 ? this.tail.length : others)
    this.latest = events.at(-1)?.number ?? this.latest
    return events
  }

  /** Removes at most `limit` events older than `before` (ms since 1970); says how many. */
  trim(before: number, limit: number): number {
    let removed = 0
    for (const { key, value } of this.table.getRange({ limit })) {
      const { at } = JSON.parse(value.toString()) as { at: string }
      if (Date.parse(at) >= before) break
      void this.table.remove(key)
      this.trimmed = eventNumber(key)
      removed++
    }
    if (removed > 0) void this.store.meta.put(TRIMMED, Buffer.from(String(this.trimmed)), 0)
    return removed
  }
}

/** 8 bytes, big-endian. */
function eventKey(number: number): Buffer {
  return Buffer.concat([numberKey(Math.floor(number / EVENTS_PER_COMMIT)), suffix(number % EVENTS_PER_COMMIT)])
}

function suffix(index: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeUInt16BE(index)
  return bytes
}

const eventNumber = (key: Buffer): number => key.readUIntBE(0, 6) * EVENTS_PER_COMMIT + key.readUInt16BE(6)
