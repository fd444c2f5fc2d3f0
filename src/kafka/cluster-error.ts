import kafkajs from 'kafkajs'
import { StartError } from '../start-error.js'

/** What kafkajs throws when an operation on several topics failed is an error of another kind. */
const KINDS = [kafkajs.KafkaJSError, kafkajs.KafkaJSAggregateError]

/** A cluster that does not answer, or not to this client, or refuses it what it needs: the message, of one line, says which and why. */
export class ClusterError extends StartError {
  override readonly name = 'ClusterError'

  /** `cause` in these words if it is the client's; any other is an error of ours and comes back as it is. */
  static from(cause: unknown, brokers: readonly string[]): unknown {
    return KINDS.some((kind) => cause instanceof kind) ? new ClusterError(cause as Error, brokers) : cause
  }

  private constructor(cause: Error, brokers: readonly string[]) {
    const reason = reasons(cause).join('; ')
    const settings = 'KAFKA_BROKERS, KAFKA_TLS, KAFKA_SASL, KAFKA_USERNAME and KAFKA_PASSWORD'
    super(`The Kafka cluster at ${brokers.join(', ')} cannot be used: ${reason}; check ${settings}`, { cause })
  }
}

function reasons(error: Error): readonly string[] {
  const errors = error instanceof kafkajs.KafkaJSAggregateError ? error.errors : [error]
  const messages = errors.map((each) => (each instanceof Error ? each.message : each).replace(/\.$/, ''))
  return [...new Set(messages)]
}
