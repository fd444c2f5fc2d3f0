import { ApiError } from './errors.js'

const SHAPE = /^[A-Za-z0-9._~-]{1,128}$/

/**
 * Checks a stream id after it was decoded once: 1 to 128 of `A–Z a–z 0–9 . _ ~ -`, not `.` or `..`, so that no client's URL parser
 * turns it into another path.
 * @throws ApiError `invalid_stream_id`
 * @see RFC 3986 §2.3 (unreserved characters) and §5.2.4 (dot segments)
 */
export function checkStreamId(id: string): string {
  if (!SHAPE.test(id) || id === '.' || id === '..') throw new ApiError('invalid_stream_id')
  return id
}
