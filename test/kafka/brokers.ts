import { KafkaCluster } from '../support/kafka-cluster.js'

/** `npm run kafka`: three real brokers on this machine, to try Millrace on, until Ctrl-C; what they hold is gone then. */
async function main(): Promise<void> {
  process.stdout.write('Three brokers start …\n')
  const cluster = await KafkaCluster.start()
  process.stdout.write(`export ENGINE=kafka KAFKA_BROKERS=${cluster.brokers.join()}\n`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void cluster.stop())
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
