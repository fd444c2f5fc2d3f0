import { decodeEntry, type AppendIdentity, type Commit, type Entry, type Run, type StreamPatch } from '#libs/engine'

/** An input message: what names the append, and what is appended. */
export interface InputMessage {
  readonly identity: AppendIdentity
  readonly entry: Entry
}

/** One line with the replica and its number, then the entry's own text. */
export const encodeInput = ({ replica, seq }: AppendIdentity, text: string): string => `${replica} ${seq}\n${text}`

export function decodeInput(text: string): InputMessage {
  const end = text.indexOf('\n')
  const [replica = '', seq] = text.slice(0, end).split(' ')
  return { identity: { replica, seq: Number(seq) }, entry: decodeEntry(text.slice(end + 1)) }
}

/** The last append of a replica to the partition that is below the commit's `to`, and its log time in ms. */
export type IdentityRow = readonly [replica: string, seq: number, at: number]

/** What stands in a partition's commit log. A checkpoint is a commit without content: the first of its epoch. */
export type CommitMessage =
  | { readonly kind: 'marker'; readonly replica: string; readonly graceMs: number }
  | { readonly kind: 'commit'; readonly commit: Commit; readonly identities: readonly IdentityRow[] }

/** @param graceMs how long its owner waits between the commit that makes a stream closing and its seal, at least */
export const encodeMarker = (replica: string, graceMs: number): string => JSON.stringify({ marker: replica, graceMs })

/** A commit as it is written: its partition is that of the log, and its results follow behind the first line, one a line. */
type Head = Omit<Commit, 'partition' | 'streams'> & {
  readonly identities: readonly IdentityRow[]
  readonly streams: readonly (Omit<StreamPatch, 'runs'> & {
    readonly runs: readonly (readonly [first: number, count: number])[]
  })[]
}

export function encodeCommit(commit: Commit, identities: readonly IdentityRow[]): string {
  const { epoch, n, to, spread, at, verdicts } = commit
  const lines: string[] = []
  const streams = commit.streams.map(({ runs, ...patch }) => {
    for (const run of runs) for (const line of run.lines) lines.push(line)
    return { ...patch, runs: runs.map(({ first, lines: { length } }) => [first, length] as const) }
  })
  const head: Head = { epoch, n, to, ...(spread && { spread }), at, identities, streams, verdicts }
  return [JSON.stringify(head), ...lines].join('\n')
}

export function decodeCommit(partition: number, text: string): CommitMessage {
  const [first = '', ...lines] = text.split('\n')
  const head = JSON.parse(first) as Head | { readonly marker: string; readonly graceMs: number }
  if ('marker' in head) return { kind: 'marker', replica: head.marker, graceMs: head.graceMs }
  let next = 0
  const take = ([number, count]: readonly [number, number]): Run => ({
    first: number,
    lines: lines.slice(next, (next += count)),
  })
  const { identities, ...commit } = head
  const streams = commit.streams.map((patch): StreamPatch => ({ ...patch, runs: patch.runs.map(take) }))
  return { kind: 'commit', commit: { ...commit, partition, streams }, identities }
}
