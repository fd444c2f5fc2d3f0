import { Kafka, logLevel } from 'kafkajs'

/** How many brokers the one at `address` knows of, itself among them; 0 while it does not listen, or is not registered yet. */
export async function brokersSeen(address: string): Promise<number> {
  const kafka = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, retry: { retries: 0 } })
  const admin = kafka.admin()
  try {
    await admin.connect()
    return (await admin.describeCluster()).brokers.length
  } catch {
    return 0
  } finally {
    await admin.disconnect()
  }
}
