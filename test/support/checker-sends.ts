import type { Send, StreamHistory } from './history.js'
import { brief } from './violation.js'
import type { Report } from './violation.js'

/** Checks a stream's results (by sequence number) against what was sent to it. `streamOf` knows every result of the whole run. */
export function checkSends(
  stream: StreamHistory,
  results: ReadonlyMap<number, string>,
  streamOf: ReadonlyMap<string, string>,
  report: Report,
): void {
  const places = new Map<string, number[]>()
  for (const [seq, result] of [...results].sort(([a], [b]) => a - b)) {
    const owner = streamOf.get(result)
    if (owner === undefined) report('invented', `${seq} is ${brief(result)}`)
    else if (owner !== stream.id) report('foreign', `${seq} is ${brief(result)}, sent to ${owner}`)
    const known = places.get(result)
    if (known) known.push(seq)
    else places.set(result, [seq])
  }
  const delivered = stream.sends.flatMap((send) => checkSend(send, places, report) ?? [])
  checkOrder(delivered, report)
}

interface Delivered {
  readonly send: Send
  readonly first: number
}

function checkSend(send: Send, places: ReadonlyMap<string, readonly number[]>, report: Report): Delivered | undefined {
  const name = `${send.outcome} ${brief(send.results[0] ?? '')}`
  const seqs = send.results.map((result) => places.get(result) ?? [])
  for (const found of seqs) if (found.length > 1) report('doubled', `${name}: at ${found.join(', ')}`)
  const missing = seqs.filter((found) => found.length === 0).length
  const first = seqs[0]?.[0]
  if (send.outcome === 'acked' && missing > 0) report('lost', `${name}: ${missing} of ${seqs.length}`)
  if (send.outcome === 'refused' && missing < seqs.length) report('refused-delivered', name)
  if (missing === seqs.length) return undefined
  const isWhole = first !== undefined && seqs.every((found, index) => found[0] === first + index)
  if (!isWhole) report('torn', `${name}: at ${seqs.map((found) => found[0] ?? 'none').join(', ')}`)
  return first === undefined ? undefined : { send, first }
}

/** A send that was acked before another was begun stands before it, whoever sent them; a client's own stand as it sent them. */
function checkOrder(delivered: readonly Delivered[], report: Report): void {
  const inLog = [...delivered].sort((a, b) => a.first - b.first)
  const newestOfClient = new Map<string, Send>()
  for (const { send, first } of inLog) {
    const newest = newestOfClient.get(send.client)
    if (newest && newest.invokedAt > send.invokedAt) {
      report('out-of-order', `${brief(send.results[0] ?? '')} at ${first}, behind one that ${send.client} sent later`)
    } else newestOfClient.set(send.client, send)
  }
  let earliestAckBehind = Infinity
  for (const { send, first } of inLog.reverse()) {
    if (send.invokedAt > earliestAckBehind) {
      report('out-of-order', `${brief(send.results[0] ?? '')} at ${first}, before one acked before it was sent`)
    }
    if (send.outcome === 'acked') earliestAckBehind = Math.min(earliestAckBehind, send.settledAt)
  }
}
