import { randomUUID } from 'node:crypto'

/** Whether this run's servers are on Kafka. */
export const isOnKafka = (): boolean => process.env.TEST_ENGINE === 'kafka'

/** What a server of this run's engine needs besides: embedded, or Kafka with topics of its own (`TEST_ENGINE=kafka`). */
export function engineEnv(): Readonly<Record<string, string>> {
  return isOnKafka() ? kafkaEnv() : {}
}

/** What a server needs to be on the Kafka cluster of this run, with topics that no other test uses. */
export function kafkaEnv(): Readonly<Record<string, string>> {
  return {
    ENGINE: 'kafka',
    KAFKA_BROKERS: process.env.KAFKA_BROKERS ?? '',
    KAFKA_PREFIX: `test-${randomUUID()}`,
    KAFKA_PARTITIONS: '3',
    CLOSING_GRACE_MS: '100',
  }
}
