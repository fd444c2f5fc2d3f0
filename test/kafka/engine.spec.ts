import { randomUUID } from 'node:crypto'
import { join } from 'node:path'

import { describeEngine } from '#libs/engine/contract-suite'
import type { Broker } from '../../src/kafka/broker.js'
import { KafkaEngine } from '../../src/kafka/kafka-engine.js'
import { KafkajsBroker } from '../../src/kafka/kafkajs-broker.js'
import { Store } from '../../src/view/store.js'
import { afterTests } from '../support/clean-up.js'
import { kafkaBrokers } from '../support/kafka-brokers.js'
import { temporaryFolder } from '../support/temp-folder.js'

const brokers = kafkaBrokers()

/** A replica that takes all partitions at once, whatever the group would say: the marker decides, and a test need not wait for a session to end. */
async function taking(prefix: string): Promise<Broker> {
  const broker = await KafkajsBroker.open({
    brokers,
    ssl: false,
    sasl: undefined,
    clientId: 'millrace',
    prefix,
    partitions: 2,
    maxMessageBytes: 4_000_000,
    allowLowReplication: false,
    isExternal: false,
    log: () => undefined,
  })
  const partitions = [0, 1]
  broker.join = (assign) => {
    assign(partitions)
    return Promise.resolve({ fresh: () => ({ partitions, ageMs: 0 }), leave: () => Promise.resolve() })
  }
  return broker
}

if (brokers.length === 0) it.skip('needs a Kafka cluster', () => undefined)
else
  describeEngine('the Kafka engine', async () => {
    const prefix = `engine-spec-${randomUUID()}`
    let path: string | undefined
    return {
      open: async (settings) => {
        // A replica that was not closed goes on with a view of its own.
        path ??= join(await temporaryFolder(), 'store')
        const store = new Store(path, 0, false)
        const engine = new KafkaEngine(await taking(prefix), store, {
          backlogBytes: 1_000_000,
          maxUnsettledChars: 1_000_000,
          barrierTimeoutMs: 10_000,
          appendTimeoutMs: 10_000,
          graceMs: 100,
          commitsRetentionMs: 90_000_000,
          isWorker: true,
          log: () => undefined,
          onLost: () => undefined,
          ...settings,
        })
        const [own, close] = [path, engine.close.bind(engine)]
        path = undefined
        engine.close = async () => {
          await close()
          path = own
        }
        afterTests(() => store.close())
        return engine
      },
    }
  })
