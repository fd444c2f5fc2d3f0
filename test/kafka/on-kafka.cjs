// Servers of the end-to-end specs run on Kafka; where there is none, the specs are skipped.
process.env.TEST_ENGINE = 'kafka'
if (!process.env.KAFKA_BROKERS) {
  // What is skipped may skip itself, too.
  for (const name of ['describe', 'it']) {
    const { skip } = globalThis[name]
    globalThis[name] = Object.assign(skip, { skip })
  }
}
