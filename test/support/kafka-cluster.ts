import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { freePort } from './free-port.js'
import { kafkaHere, KafkaJava, newClusterId, type KafkaSettings } from './kafka-java.js'
import { KafkaProcesses } from './kafka-processes.js'

/** 1, 2 or 3. */
export type KafkaNode = 1 | 2 | 3

const nodes: readonly KafkaNode[] = [1, 2, 3]

// Kafka takes its time on a machine that is busy with other tests.
const startLimitMs = 120_000

interface Ports {
  readonly broker: number
  readonly controller: number
}

/**
 * Three real Kafka nodes (KRaft, each broker and controller) on ports of 127.0.0.1 and data of their own. They die with the
 * process that starts them, whichever way it ends. Used by Jest's global setup too: nothing here may need a running test.
 */
export class KafkaCluster {
  private constructor(
    private readonly processes: KafkaProcesses,
    private readonly java: KafkaJava,
    private readonly ports: Readonly<Record<KafkaNode, Ports>>,
  ) {}

  /**
   * A cluster that is ready.
   * @throws NoKafkaHere where the machine lacks what Kafka needs
   */
  static async start(): Promise<KafkaCluster> {
    const here = await kafkaHere()
    const ports = await freePorts()
    const processes = KafkaProcesses.keep(await mkdtemp(join(tmpdir(), 'millrace-kafka-')))
    const cluster = new KafkaCluster(processes, new KafkaJava(processes, here), ports)
    try {
      await cluster.format()
      await Promise.all(nodes.map((node) => cluster.launch(node)))
      await cluster.ready()
      return cluster
    } catch (cause) {
      const logs = await Promise.all(nodes.map((node) => cluster.log(node)))
      await cluster.stop()
      throw new Error(`Kafka did not start:\n${logs.join('\n')}`, { cause })
    }
  }

  /** Of the three brokers, `host:port`, in the order of the nodes. */
  get brokers(): readonly [string, string, string] {
    return [this.address(1), this.address(2), this.address(3)]
  }

  /** Of a node that runs. */
  pid(node: KafkaNode): number {
    return this.processes.pid(name(node))
  }

  /** Where the node keeps its logs. */
  dataFolder(node: KafkaNode): string {
    return join(this.processes.folder, `${name(node)}-data`)
  }

  /** Settles when the process is gone; with SIGTERM it has handed over what it leads. */
  async kill(node: KafkaNode, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.processes.signal(name(node), signal)
    await this.processes.exit(name(node))
  }

  /** The node stands still and its connections stay open, as on a machine that hangs. */
  pause(node: KafkaNode): void {
    this.processes.signal(name(node), 'SIGSTOP')
  }

  resume(node: KafkaNode): void {
    this.processes.signal(name(node), 'SIGCONT')
  }

  /** Starts a node that was killed, on the same ports and data, and waits until the cluster is whole. */
  async restart(node: KafkaNode): Promise<void> {
    await this.launch(node)
    await this.ready()
  }

  /** Starts what was killed, lets go on what was paused, and waits until the cluster is whole. */
  async heal(): Promise<void> {
    for (const node of nodes) {
      if (this.processes.isRunning(name(node))) this.resume(node)
      else await this.launch(node)
    }
    await this.ready()
  }

  /**
   * Waits until each of the three says that all three are there. One alone would not do: a node that was killed is listed
   * by the others until its session ends.
   */
  async ready(): Promise<void> {
    await Promise.all(nodes.map((node) => this.java.ready(name(node), this.address(node), nodes.length, startLimitMs)))
  }

  /** Kills the three and removes their folder. */
  async stop(): Promise<void> {
    await this.processes.end()
  }

  private async format(): Promise<void> {
    const clusterId = newClusterId()
    await Promise.all(nodes.map((node) => this.java.format(name(node), this.settings(node), clusterId)))
  }

  private async launch(node: KafkaNode): Promise<void> {
    await this.java.launch(name(node))
  }

  private log(node: KafkaNode): Promise<string> {
    return this.processes.log(name(node))
  }

  private address(node: KafkaNode): string {
    return `127.0.0.1:${this.ports[node].broker}`
  }

  private settings(node: KafkaNode): KafkaSettings {
    const controller = (id: KafkaNode): string => `127.0.0.1:${this.ports[id].controller}`
    return {
      'node.id': node,
      'process.roles': 'broker,controller',
      'controller.quorum.voters': nodes.map((id) => `${id}@${controller(id)}`).join(','),
      'controller.listener.names': 'CONTROLLER',
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      listeners: `PLAINTEXT://${this.address(node)},CONTROLLER://${controller(node)}`,
      'log.dirs': this.dataFolder(node),
      'auto.create.topics.enable': false,
      'default.replication.factor': 3,
      'min.insync.replicas': 2,
      'offsets.topic.replication.factor': 3,
      'offsets.topic.num.partitions': 3,
      'transaction.state.log.replication.factor': 3,
      'transaction.state.log.min.isr': 2,
      'transaction.state.log.num.partitions': 3,
      'share.coordinator.state.topic.replication.factor': 3,
      'share.coordinator.state.topic.min.isr': 2,
      'share.coordinator.state.topic.num.partitions': 3,
      'group.initial.rebalance.delay.ms': 0,
      // 9 s by default. When the broker that dies leads the controllers too, their election comes on top of it.
      'broker.session.timeout.ms': 6000,
      // 128 MB of heap by default.
      'log.cleaner.dedupe.buffer.size': 8 * 1024 * 1024,
    }
  }
}

function name(node: KafkaNode): string {
  return `node-${node}`
}

async function freePorts(): Promise<Record<KafkaNode, Ports>> {
  const found = new Set<number>()
  while (found.size < 2 * nodes.length) found.add(await freePort())
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = found
  return { 1: { broker: a, controller: b }, 2: { broker: c, controller: d }, 3: { broker: e, controller: f } }
}
