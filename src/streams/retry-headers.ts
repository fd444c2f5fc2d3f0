import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { ApiError } from '#libs/contract'
import type { RetryIdentity } from '#libs/engine'

/** Printable ASCII; it becomes part of a key in the store. */
const NAME = /^[\x21-\x7e]{1,255}$/
const COUNT = /^(0|[1-9][0-9]{0,14})$/

/**
 * What makes a send recognisable when it is retried: `Idempotency-Key`, or `Producer-Id` with `Producer-Epoch` and `Producer-Seq`.
 * @throws ApiError `invalid_request` if they are incomplete, malformed or mixed
 */
export function readRetryIdentity(headers: IncomingHttpHeaders, body: unknown): RetryIdentity | undefined {
  const key = headers['idempotency-key']
  const producer = [headers['producer-id'], headers['producer-epoch'], headers['producer-seq']]
  if (producer.every((header) => header === undefined)) return key === undefined ? undefined : byKey(key, body)
  if (key !== undefined) throw bad('Send an Idempotency-Key or the Producer headers, not both.')
  return byProducer(producer)
}

function byKey(key: string | string[], body: unknown): RetryIdentity {
  if (typeof key !== 'string' || !NAME.test(key))
    throw bad('Idempotency-Key must be 1 to 255 printable ASCII characters.')
  const hash = createHash('sha256')
  if (body instanceof Buffer) hash.update(body)
  return { key, hash: hash.digest('base64url') }
}

function byProducer([producer, epoch, seq]: readonly (string | string[] | undefined)[]): RetryIdentity {
  if (typeof producer !== 'string' || !NAME.test(producer))
    throw bad('Producer-Id must be 1 to 255 printable ASCII characters, together with Producer-Epoch and Producer-Seq.')
  if (typeof epoch !== 'string' || typeof seq !== 'string' || !COUNT.test(epoch) || !COUNT.test(seq))
    throw bad('Producer-Epoch and Producer-Seq must both be whole numbers from 0.')
  return { producer, epoch: Number(epoch), seq: Number(seq) }
}

const bad = (message: string): ApiError => new ApiError('invalid_request', { message })
