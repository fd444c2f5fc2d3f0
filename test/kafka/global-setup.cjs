const Module = require('node:module')

// Jest compiles what its global setup requires, but maps `./x.js` to `./x.ts` only in specs.
const resolve = Module._resolveFilename
Module._resolveFilename = function (request, parent, ...rest) {
  const isSource = request.startsWith('.') && parent?.filename?.endsWith('.ts')
  return resolve.call(this, isSource ? request.replace(/\.js$/, '.ts') : request, parent, ...rest)
}

/** One cluster for all Kafka specs of a run, unless KAFKA_BROKERS names one. Jest calls this only when such a spec will run. */
module.exports = async function startCluster() {
  if (process.env.KAFKA_BROKERS) return
  const { KafkaCluster } = require('../support/kafka-cluster.ts')
  const { NoKafkaHere } = require('../support/no-kafka-here.ts')
  try {
    globalThis.kafkaCluster = await KafkaCluster.start()
    process.env.KAFKA_BROKERS = globalThis.kafkaCluster.brokers.join()
  } catch (error) {
    if (!(error instanceof NoKafkaHere)) throw error
    process.stderr.write(`test/kafka: skipped, no Kafka here: ${error.message}\n`)
  }
}
