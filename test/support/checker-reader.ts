import type { StreamHistory } from './history.js'
import type { ReceivedEvent } from './sse-reader.js'
import { brief } from './violation.js'
import type { Report } from './violation.js'

export interface ReaderLog {
  readonly results: ReadonlyMap<number, string>
  /** The newest sequence number before the stream's end; undefined if the reader was not told the end. */
  readonly last: number | undefined
}

/** Checks what one reader received by itself: numbers 1, 2, 3 … of this incarnation, each a result, then `end` and nothing more. */
export function checkReader(
  stream: StreamHistory,
  name: string,
  events: readonly ReceivedEvent[],
  report: Report,
): ReaderLog {
  const results = new Map<number, string>()
  let seq = 0
  let isOver = false
  for (const { id, event, data, connection } of events) {
    const where = `${name}, connection ${connection}, id ${brief(id)}`
    if (isOver) report('after-end', `${where}: ${event} ${brief(data)}`)
    if (event === 'end') {
      isOver = true
      if (!stream.isEnded) report('unexpected-event', `${where}: end, and nobody ended the stream`)
      if (id !== `${stream.incarnation}-end`) report('bad-cursor', where)
      continue
    }
    const [, incarnation, digits] = /^(.+)-([1-9][0-9]*)$/.exec(id) ?? []
    if (event !== 'message') report('unexpected-event', `${where}: ${event} ${brief(data)}`)
    else if (incarnation !== stream.incarnation) report('bad-cursor', where)
    else {
      const next = Number(digits)
      if (next <= seq) report('repeated', `${where}: after ${seq}`)
      if (next > seq + 1) report('skipped', `${where}: after ${seq}`)
      seq = Math.max(seq, next)
      const result = resultOf(data)
      if (result === undefined) report('error-result', `${where}: ${brief(data)}`)
      else if (results.has(next) && results.get(next) !== result) report('disagreement', `${where}: two results`)
      else results.set(next, result)
    }
  }
  if (stream.isEnded && !isOver) report('no-end', `${name}: the last it received is ${seq}`)
  return { results, last: isOver ? seq : undefined }
}

function resultOf(data: string): string | undefined {
  try {
    const { status, data: result } = JSON.parse(data) as { status?: unknown; data?: unknown }
    return status === 'success' && typeof result === 'string' ? result : undefined
  } catch {
    return undefined // Not JSON: no result.
  }
}
