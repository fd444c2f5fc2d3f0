import { StartError } from '../start-error.js'

/** A cluster that does not answer, or not to this client: the message, of one line, says which, why, and where to look. */
export class ClusterError extends StartError {
  override readonly name = 'ClusterError'

  /** @param cause what the client says of the attempt to connect */
  constructor(brokers: readonly string[], cause: unknown) {
    const settings = 'KAFKA_BROKERS, KAFKA_TLS, KAFKA_SASL, KAFKA_USERNAME and KAFKA_PASSWORD'
    super(`The Kafka cluster at ${brokers.join(', ')} cannot be used: ${reasonOf(cause)}; check ${settings}`, { cause })
  }
}

/** In one line: OpenSSL's end with a line break. With the codes of what is behind it, which says all where Node tried two addresses. */
function reasonOf(cause: unknown): string {
  const codes = new Set<string>()
  for (let error = cause; error instanceof Error; error = error.cause)
    if ('code' in error && typeof error.code === 'string') codes.add(error.code)
  const message = cause instanceof Error ? cause.message : String(cause)
  return [message, ...[...codes].filter((code) => !message.includes(code))]
    .join(' ')
    .replace(/\s+/g, ' ')
    .replace(/\.? ?$/, '')
}
