import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Kafka, logLevel } from 'kafkajs'

import { JavaRuntime } from './java-runtime.js'
import { kafkaJars } from './kafka-jars.js'
import type { KafkaProcesses } from './kafka-processes.js'
import { until } from './until.js'

// The quick compiler alone: on two busy cores three nodes are ready after 14 s, not 23.
const javaOptions = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
// Each look takes a client of its own, and processor time from nodes that start.
const lookMs = 100

const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'

export type KafkaSettings = Readonly<Record<string, string | number | boolean>>

// Base64 may begin with a hyphen, which would read as an option.
export const newClusterId = (): string => Buffer.concat([Buffer.from('test'), randomBytes(12)]).toString('base64url')

/** What Kafka's programs need. */
export interface KafkaHere {
  readonly java: JavaRuntime
  /** The folder of Kafka's jars. */
  readonly jars: string
}

/** @throws NoKafkaHere where the machine lacks it */
export async function kafkaHere(): Promise<KafkaHere> {
  const java = await JavaRuntime.find()
  return { java, jars: await kafkaJars(java) }
}

/** Runs Kafka's own programs as kept processes: nodes by their names, each with a file of settings. */
export class KafkaJava {
  constructor(
    private readonly processes: KafkaProcesses,
    private readonly here: KafkaHere,
  ) {}

  /** Makes the folders of a node. `options` are more of Kafka's storage tool. */
  async format(node: string, settings: KafkaSettings, clusterId: string, ...options: readonly string[]): Promise<void> {
    const file = this.settingsFile(node)
    const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`)
    await writeFile(file, lines.join(''))
    const step = `format-${node}`
    await this.run(step, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file, ...options)
    const { code } = await this.processes.exit(step)
    if (code !== 0) throw new Error(`${node} was not formatted:\n${await this.processes.log(step)}`)
  }

  /** Starts a node that was formatted; it is not ready yet. */
  async launch(node: string): Promise<void> {
    await this.run(node, 'kafka.Kafka', this.settingsFile(node))
  }

  /**
   * Waits until the node, a broker at `address`, says that there are as many of them, itself among them.
   * @throws Error when its process is gone, or `limitMs` have passed
   */
  async ready(node: string, address: string, brokers: number, limitMs: number): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      if (!this.processes.isRunning(node)) throw new Error(`${node} is gone`)
      return (await brokersSeen(address)) === brokers
    }
    await until(`${node} sees all ${brokers}`, isReady, limitMs, lookMs)
  }

  private async run(step: string, ...args: readonly string[]): Promise<void> {
    const { java, jars } = this.here
    await this.processes.start(step, java.program('java'), [...javaOptions, quiet, '-cp', join(jars, '*'), ...args])
  }

  private settingsFile(node: string): string {
    return join(this.processes.folder, `${node}.properties`)
  }
}

/** 0 while the broker does not listen, or is not registered yet. */
async function brokersSeen(address: string): Promise<number> {
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
