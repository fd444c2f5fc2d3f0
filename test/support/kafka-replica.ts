import { join } from 'node:path'

import { readConfig } from '../../src/config/config.js'
import type { Broker } from '../../src/kafka/broker.js'
import { KafkaEngine } from '../../src/kafka/kafka-engine.js'
import type { BatchHandler, ExternalProcessing } from '../../src/processing/batch.js'
import { Owner } from '../../src/processing/owner.js'
import { Decisions } from '../../src/streams/decisions.js'
import { Directory } from '../../src/streams/directory.js'
import { LifecycleService } from '../../src/streams/lifecycle.service.js'
import { SendService } from '../../src/streams/send.service.js'
import { lastOf } from '../../src/view/rows.js'
import { Store } from '../../src/view/store.js'
import { View } from '../../src/view/view.js'
import { afterTests } from './clean-up.js'
import { echo, processorsOf } from './processing.js'
import { temporaryFolder } from './temp-folder.js'

export interface KafkaReplicaOptions {
  readonly graceMs: number
  readonly appendTimeoutMs: number
  readonly verdictTimeoutMs: number
  /** Default: each record's text is its result. */
  readonly process?: BatchHandler
  /** Default: none is forgotten while a test runs. */
  readonly commitsRetentionMs?: number
  /** Default: records are processed here, each being its own result. */
  readonly external?: ExternalProcessing
  /** Default: what it says is not kept. */
  readonly log?: (message: string) => void
}

/** What a replica on Kafka holds, without HTTP: its engine, view, owners, and the services that take calls. All of it real. */
export class KafkaReplica {
  readonly engine: KafkaEngine
  readonly view: View
  readonly sends: SendService
  readonly lifecycle: LifecycleService
  readonly failures: unknown[] = []

  private constructor(
    broker: Broker,
    private readonly store: Store,
    private readonly options: KafkaReplicaOptions,
  ) {
    const config = readConfig({ VERDICT_TIMEOUT_MS: String(options.verdictTimeoutMs) })
    this.engine = new KafkaEngine(broker, store, {
      backlogBytes: 1_000_000,
      maxUnsettledChars: 1_000_000,
      barrierTimeoutMs: options.verdictTimeoutMs,
      commitsRetentionMs: 90_000_000,
      isWorker: true,
      log: () => undefined,
      onLost: (reason) => this.failures.push(reason),
      ...options,
    })
    this.view = new View(store, this.engine.partitions)
    const directory = new Directory(this.engine, this.view)
    const decisions = new Decisions(this.engine, config, this.view)
    this.sends = new SendService(this.engine, directory, decisions, this.view)
    this.lifecycle = new LifecycleService(config, this.view, directory, decisions, processorsOf())
    afterTests(() => broker.close())
  }

  static async start(broker: Broker, options: KafkaReplicaOptions): Promise<KafkaReplica> {
    const store = new Store(join(await temporaryFolder(), 'store'), 0, false)
    const replica = new KafkaReplica(broker, store, options)
    await replica.work(options.external)
    return replica
  }

  private async work(external?: ExternalProcessing): Promise<void> {
    const { engine, view } = this
    await engine.start(view, (claim) => {
      const owner = new Owner({
        claim,
        view,
        process: external?.handlerFor(claim) ?? this.options.process ?? echo,
        append: (entry) => engine.append(claim.partition, entry),
        owns: (stream) => engine.partitionOf(stream) === claim.partition,
        maxCommitChars: 100_000,
        maxDeadLetterBytes: 100_000,
      })
      owner.run().catch((error: unknown) => {
        if (!(error instanceof Error && 'code' in error)) this.failures.push(error)
      })
    })
  }

  send(stream: string, value: unknown, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const body = Buffer.from(JSON.stringify({ data: value }))
    return this.sends.send(stream, { headers: { 'content-type': 'application/json', ...headers }, body })
  }

  /** All results of the present life of a stream, parsed. */
  results(stream: string): unknown[] {
    const header = this.view.headers.get(stream)
    if (header === undefined) return []
    const values: unknown[] = []
    let after = 0
    for (const run of this.view.results.page(header.incarnation, 0, Infinity)) {
      if (run.first !== after + 1) throw new Error(`result ${after + 1} of ${stream} is missing`)
      values.push(...run.lines.map((line) => JSON.parse(line) as unknown))
      after = lastOf(run)
    }
    return values
  }

  /** In order. */
  async close(): Promise<void> {
    await this.engine.close()
    await this.store.close()
  }
}
