import { STREAMS_TOGETHER, type Entry, type StoredEntry, type StreamHeader, type StreamRef } from '#libs/engine'
import type { Draft } from './draft.js'

/** One for all streams that nobody has sent a retryable record to. */
const NO_RETRIES: StreamHeader['retries'] = { oldest: 0, next: 0 }

/** An entry of a kind. */
export type Of<K extends Entry['kind']> = StoredEntry<Extract<Entry, { kind: K }>>

/** A stream begins, unless it is there. */
export function start(draft: Draft, entry: Of<'start'>): void {
  const { stream, incarnation, settings, offset, at, ticket } = entry
  const former = draft.header(stream)
  if (former?.status === 'open') {
    draft.verdict(ticket, { code: 'stream_exists' })
  } else if (former?.status === 'closing') {
    draft.verdict(ticket, { code: 'stream_closing' })
  } else {
    const fresh: StreamHeader = {
      id: stream,
      incarnation,
      settings,
      status: 'open',
      lastSeq: 0,
      lastInput: { offset, records: 0 },
      retries: NO_RETRIES,
      startedAt: at,
      activeAt: at,
    }
    draft.start(fresh, former)
    draft.verdict(ticket, { code: 'accepted', incarnation, duplicate: false })
  }
}

/** A stream is to end, or to be deleted: no more data from the seal on. Both can be asked for again. */
export function close(draft: Draft, entry: Of<'end' | 'delete'>): void {
  const header = draft.header(entry.stream)
  const gone = header === undefined || header.reason === 'deleted'
  if (gone) {
    draft.verdict(entry.ticket, { code: 'stream_not_found' })
    return
  }
  const reason = entry.kind === 'end' ? 'ended' : 'deleted'
  if (header.status === 'open') draft.change({ ...header, status: 'closing', reason, closedAt: entry.at }, 'closing')
  else if (reason === 'deleted') {
    if (header.status === 'closing') draft.change({ ...header, reason })
    else draft.remove(header)
  }
  draft.verdict(entry.ticket, {
    code: 'accepted',
    incarnation: header.incarnation,
    duplicate: header.status !== 'open',
  })
}

/** A closing stream when all that was sent before its seal has counted: it is over. */
export function sealed(header: StreamHeader, at: number): StreamHeader & { readonly status: 'ended' | 'expired' } {
  const status = header.reason === 'timeout' ? 'expired' : 'ended'
  return { ...header, status, closedAt: at, timer: undefined }
}

/** Streams with readers are not idle. */
export function alive(draft: Draft, entry: Of<'alive'>): void {
  for (const header of present(draft, entry.streams))
    if (header.status === 'open') draft.change({ ...header, activeAt: entry.at })
}

/**
 * Closes streams that nobody used for their idle timeout, as of a log time. Which ones depends on the log alone. Returns whether there
 * are more than go into one commit.
 * @param at log time of the tick
 */
export function expire(draft: Draft, active: readonly StreamHeader[], asOf: number, at: number): boolean {
  const due: StreamHeader[] = []
  for (const { id } of active) {
    const header = draft.header(id)
    if (header?.status === 'open' && header.activeAt + header.settings.idleTimeoutMs <= asOf) due.push(header)
  }
  due.sort((a, b) => (a.id < b.id ? -1 : 1))
  for (const header of due.slice(0, STREAMS_TOGETHER))
    draft.change({ ...header, status: 'closing', reason: 'timeout', closedAt: at }, 'closing')
  return due.length > STREAMS_TOGETHER
}

function present(draft: Draft, streams: readonly StreamRef[]): StreamHeader[] {
  return streams.flatMap(([id, incarnation]) => {
    const header = draft.header(id)
    return header?.incarnation === incarnation ? [header] : []
  })
}
