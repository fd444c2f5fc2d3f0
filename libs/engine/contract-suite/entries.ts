import type { Commit } from '../commit.js'
import type { DataEntry, Entry, StoredEntry, StreamSettings } from '../entry.js'

/** One stream for the whole suite: whichever partition it falls to, all is in one. */
export const STREAM = 's'
const INCARNATION = '00000000000000aa'

const settings: StreamSettings = {
  processor: 'identity',
  options: {},
  idleTimeoutMs: 60_000,
  retentionMs: 60_000,
  labels: { ü: '1' },
}

/** With a ticket: whether its stream is open is for an owner to say, and the suite has none. */
export function data(...values: readonly unknown[]): DataEntry {
  const records = values.map((value) => JSON.stringify(value))
  return { kind: 'data', stream: STREAM, incarnation: INCARNATION, records, ticket: 't:0' }
}

/** One entry of each kind, with all that it may hold, and texts that an encoding may trip over. */
export const everyKind: readonly Entry[] = [
  { kind: 'start', stream: STREAM, incarnation: INCARNATION, settings, ticket: 't:1' },
  data('', 'ü€😀', '\ud800', '\u2028\u2029\u0085\ufeff', 'line\nbreak\r', { '[1]': [null, true, 0.5] }),
  { ...data('key'), retry: { key: 'k', hash: 'h' }, ticket: 't:2' },
  { ...data('producer'), retry: { producer: 'p', epoch: 1, seq: 2 } },
  { kind: 'replay', stream: STREAM, incarnation: INCARNATION, seq: 7, ticket: 't:4' },
  { kind: 'alive', streams: [[STREAM, INCARNATION]] },
  { kind: 'tick', asOf: 1 },
  { kind: 'end', stream: STREAM, ticket: 't:3' },
  { kind: 'seal', streams: [[STREAM, INCARNATION]] },
  { kind: 'delete', stream: STREAM },
]

/** What was appended of what was read. */
export function withoutPlace({ offset: _offset, at: _at, ...entry }: StoredEntry): Entry {
  return entry
}

/** What a commit holds that ends within an entry: the entry stays open, and the stream's header says how much of it is done. */
export function partOf(entry: StoredEntry<DataEntry>, records: number): Pick<Commit, 'to' | 'at' | 'streams'> {
  const { stream: id, incarnation, offset, at } = entry
  const header = {
    id,
    incarnation,
    settings,
    status: 'open',
    lastSeq: records,
    lastInput: { offset, records },
    retries: { oldest: 0, next: 0 },
    startedAt: at,
    activeAt: at,
  } as const
  const runs = [{ first: 1, lines: entry.records.slice(0, records) }]
  return { to: offset, at, streams: [{ id, incarnation, header, runs, dedupe: [] }] }
}
