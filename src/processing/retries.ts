import { RETRY_LIFETIME_MS, type RetryIdentity, type StreamHeader, type Verdict } from '#libs/engine'
import type { Draft } from './draft.js'

/** Retry identities remembered for each stream. */
const REMEMBERED = 1_024

/** What is remembered under an identity's name; `number` is its place in the order of forgetting. */
interface Memory {
  readonly number: number
  readonly at: number
  readonly hash?: string
  readonly epoch?: number
  readonly seq?: number
}

const nameOf = (retry: RetryIdentity): string => ('key' in retry ? `k:${retry.key}` : `p:${retry.producer}`)
const placeOf = (number: number): string => `n:${number}`

/**
 * Says whether a send that can be retried is the first of its kind, and remembers it if so. Returns the verdict, and the header that
 * counts what is remembered. A stream that is closing or over still knows what it took.
 */
export function judgeRetry(
  draft: Draft,
  header: StreamHeader,
  retry: RetryIdentity,
  at: number,
): { readonly verdict: Verdict; readonly header: StreamHeader } {
  const name = nameOf(retry)
  const memory = recall(draft, header, name, at)
  const verdict = 'key' in retry ? judgeKey(header, retry, memory) : judgeProducer(header, retry, memory)
  if (verdict.code !== 'accepted' || verdict.duplicate) return { verdict, header }
  // Before its seal a closing stream takes what was acked without a verdict. This is one, so it can say no.
  if (header.status !== 'open') return { verdict: { code: 'stream_closed' }, header }
  if (memory !== undefined) draft.remember(header, placeOf(memory.number), null)
  const number = header.retries.next
  const { key: _key, producer: _producer, ...rest } = { key: '', producer: '', ...retry }
  draft.remember(header, name, JSON.stringify({ number, at, ...rest } satisfies Memory))
  draft.remember(header, placeOf(number), name)
  return { verdict, header: forget(draft, { ...header, retries: { ...header.retries, next: number + 1 } }, at) }
}

function judgeKey(header: StreamHeader, retry: { hash: string }, memory: Memory | undefined): Verdict {
  if (memory === undefined) return { code: 'accepted', incarnation: header.incarnation, duplicate: false }
  if (memory.hash !== retry.hash) return { code: 'idempotency_key_reused' }
  return { code: 'accepted', incarnation: header.incarnation, duplicate: true }
}

/** A producer counts its sends from 0 in each epoch; a newer epoch fences the older ones. */
function judgeProducer(
  header: StreamHeader,
  { epoch, seq }: { epoch: number; seq: number },
  memory: Memory | undefined,
): Verdict {
  const known = memory?.epoch ?? -1
  if (epoch < known) return { code: 'producer_fenced' }
  const last = epoch === known ? (memory?.seq ?? -1) : -1
  if (seq > last + 1) return { code: 'producer_gap', expected: last + 1 }
  return { code: 'accepted', incarnation: header.incarnation, duplicate: seq <= last }
}

function recall(draft: Draft, header: StreamHeader, name: string, at: number): Memory | undefined {
  const text = draft.remembered(header, name)
  const memory = text === undefined ? undefined : (JSON.parse(text) as Memory)
  return memory !== undefined && memory.at > at - RETRY_LIFETIME_MS ? memory : undefined
}

/** Forgets the oldest beyond the bound, and what is too old; a few at a time, so that no commit carries much of it. */
function forget(draft: Draft, header: StreamHeader, at: number): StreamHeader {
  let { oldest } = header.retries
  const { next } = header.retries
  for (let steps = 0; steps < 4 && oldest < next; steps++) {
    const name = draft.remembered(header, placeOf(oldest))
    if (name !== undefined) {
      const memory = JSON.parse(draft.remembered(header, name) ?? '{}') as Partial<Memory>
      const tooOld = (memory.at ?? 0) <= at - RETRY_LIFETIME_MS
      if (next - oldest <= REMEMBERED && !tooOld) break
      draft.remember(header, placeOf(oldest), null)
      if (memory.number === oldest) draft.remember(header, name, null)
    }
    oldest++
  }
  return { ...header, retries: { oldest, next } }
}
