import { randomUUID } from 'node:crypto'
import { KafkajsBroker, type KafkajsBrokerOptions } from '../../src/kafka/kafkajs-broker.js'
import type { Broker, Extent, Log, StoredMessage } from '../../src/kafka/broker.js'
import type { TopicNeeds } from '../../src/kafka/topic-settings.js'
import { afterTests } from './clean-up.js'
import { kafkaBrokers } from './kafka-brokers.js'

/** Topics that no other test uses. */
export function topicNeeds(needs: Partial<TopicNeeds> = {}): TopicNeeds {
  return {
    prefix: `test-${randomUUID()}`,
    partitions: 3,
    maxMessageBytes: 4 * 1024 * 1024,
    allowLowReplication: false,
    isExternal: false,
    ...needs,
  }
}

export function brokerOptions(options: Partial<KafkajsBrokerOptions> = {}): KafkajsBrokerOptions {
  return {
    ...topicNeeds(),
    brokers: kafkaBrokers(),
    ssl: undefined,
    sasl: undefined,
    clientId: 'millrace-test',
    log: () => undefined,
    ...options,
  }
}

/** On the cluster of the run, unless told otherwise; closed after the tests. */
export async function openBroker(options: Partial<KafkajsBrokerOptions> = {}): Promise<KafkajsBroker> {
  const broker = await KafkajsBroker.open(brokerOptions(options))
  afterTests(() => broker.close())
  return broker
}

/** Of all partitions, in their order. */
export function extentsOf(broker: Broker, log: Log): Promise<readonly Extent[]> {
  return Promise.all(Array.from({ length: broker.partitions }, (_, partition) => broker.extent(log, partition)))
}

/** The next `count` messages or, since batches come whole, some more; fewer if the read ends before. */
export async function take(
  batches: AsyncIterator<readonly StoredMessage[]>,
  count: number,
): Promise<readonly StoredMessage[]> {
  const messages: StoredMessage[] = []
  while (messages.length < count) {
    const { done, value } = await batches.next()
    if (done === true) break
    messages.push(...value)
  }
  return messages
}
