import { pipInstalled } from './pip.js'

/** What Python needs to find the Kafka client of `test/kafka/requirements.txt`. */
export async function pythonKafkaEnv(): Promise<NodeJS.ProcessEnv> {
  return { ...process.env, PYTHONPATH: await pipInstalled('kafka-python', 'requirements.txt'), PYTHONUNBUFFERED: '1' }
}
