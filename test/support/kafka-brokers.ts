/** The brokers that Jest's global setup started or was told of; none where the machine has no Kafka, and specs skip. */
export function kafkaBrokers(): readonly string[] {
  return process.env.KAFKA_BROKERS?.split(',') ?? []
}
