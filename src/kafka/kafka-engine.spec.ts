import { join } from 'node:path'
import { describeEngine, type EngineSettings } from '#libs/engine/contract-suite'
import { afterTests } from '../../test/support/clean-up.js'
import { MemoryCluster } from '../../test/support/memory-broker.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { Store } from '../view/store.js'
import { KafkaEngine } from './kafka-engine.js'

const options = {
  backlogBytes: 1_000_000,
  maxUnsettledChars: 1_000_000,
  barrierTimeoutMs: 10_000,
  appendTimeoutMs: 5_000,
  graceMs: 20,
  commitsRetentionMs: 90_000_000,
  isWorker: true,
  log: () => undefined,
  onLost: () => undefined,
}

describeEngine('the Kafka engine, on logs in memory', () => {
  const cluster = new MemoryCluster(3)
  let path: string | undefined
  const open = async (settings?: Partial<EngineSettings>): Promise<KafkaEngine> => {
    // A replica that is not closed goes on with a view of its own.
    path ??= join(await temporaryFolder(), 'store')
    const store = new Store(path)
    const engine = new KafkaEngine(cluster.broker(), store, { ...options, ...settings })
    const [own, close] = [path, engine.close.bind(engine)]
    path = undefined
    engine.close = async () => {
      await close()
      path = own
    }
    afterTests(() => store.close())
    return engine
  }
  return Promise.resolve({ open })
})
