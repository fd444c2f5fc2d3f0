import type { SASLOptions } from 'kafkajs'
import { RETRY_LIFETIME_MS } from '#libs/engine'
import type { Config } from '../config/schema.js'
import { UNSETTLED_COMMITS, type Opened } from '../engine.opened.js'
import { limitsOf } from '../processors/limits.js'
import { takeFolder } from '../view/folder.js'
import { External } from './external.js'
import { KafkaEngine } from './kafka-engine.js'
import { KafkajsBroker } from './kafkajs-broker.js'
import { openView } from './open-view.js'

/** Commits are kept this much longer than what is in them is of use, in ms. */
const RETENTION_MARGIN_MS = 3_600_000

/** What a message holds besides records or results, in bytes: headers of streams, identities, verdicts. A draft bounds it. */
const MESSAGE_MARGIN_BYTES = 8 * 1024 * 1024

/** A character of text is at most so many bytes of UTF-8, for which JavaScript counts two for those of four. */
const BYTES_A_CHARACTER = 3

/**
 * @throws ClusterError | TopicError | StoreError
 * @throws Error if the cluster stops answering meanwhile
 */
export async function openKafka(
  config: Config,
  log: (message: string) => void,
  onLost: (reason: string) => void,
): Promise<Opened> {
  const lock = await takeFolder(config.dataDir, 'kafka')
  try {
    const broker = await openBroker(config, log)
    const external = config.processing === 'external' ? new External(broker, limitsOf(config), log) : undefined
    const view = await openView(config.dataDir, config.diskReserveBytes, broker, log)
    const engine = new KafkaEngine(broker, view.store, {
      backlogBytes: config.ingestBudgetBytes,
      maxUnsettledChars: UNSETTLED_COMMITS * config.maxCommitBytes,
      barrierTimeoutMs: config.verdictTimeoutMs,
      appendTimeoutMs: config.appendTimeoutMs,
      graceMs: config.closingGraceMs,
      commitsRetentionMs: Math.max(config.resultRetentionMs, RETRY_LIFETIME_MS) + RETENTION_MARGIN_MS,
      isWorker: config.role !== 'api',
      log,
      onLost,
      ...(external && { note: () => external.note() }),
    })
    lock.watch(() => {
      onLost('another process has taken DATA_DIR over')
    })
    return {
      engine,
      store: view.store,
      external,
      close: () =>
        view.close().finally(() => {
          lock.leave()
        }),
    }
  } catch (error) {
    lock.leave()
    throw error
  }
}

function openBroker(config: Config, log: (message: string) => void): Promise<KafkajsBroker> {
  return KafkajsBroker.open({
    brokers: config.kafkaBrokers,
    ssl: config.kafkaTls === 'on',
    sasl: saslOf(config),
    clientId: 'millrace',
    prefix: config.kafkaPrefix,
    partitions: config.kafkaPartitions,
    maxMessageBytes: BYTES_A_CHARACTER * Math.max(config.maxCommitBytes, config.maxBodyBytes) + MESSAGE_MARGIN_BYTES,
    isExternal: config.processing === 'external',
    allowLowReplication: config.kafkaLowReplication === 'allow',
    log,
  })
}

function saslOf({
  kafkaSasl: mechanism,
  kafkaUsername: username,
  kafkaPassword: password,
}: Config): SASLOptions | undefined {
  return mechanism === 'none' ? undefined : { mechanism, username, password }
}
