// Servers of the end-to-end specs run on Kafka; where there is none, the specs are skipped.
process.env.TEST_ENGINE = 'kafka'
if (!process.env.KAFKA_BROKERS) {
  globalThis.describe = globalThis.describe.skip
  globalThis.it = globalThis.it.skip
}
