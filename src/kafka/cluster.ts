import { Node, type NodeOptions } from './node.js'
import { NotSent } from './node-link.js'
import { answerFor, METADATA, type PartitionAnswer, type Request } from './protocol.js'

/** Which broker leads which partition, as of one moment. */
export interface Layout {
  /** Of each broker, `host:port`, by node id. */
  readonly addresses: ReadonlyMap<number, string>
  /** Node id of the leader; -1 while there is none. */
  leader(topic: string, partition: number): number
}

export interface ClusterOptions extends NodeOptions {
  /** To begin with, `host:port`. */
  readonly brokers: readonly string[]
  readonly topics: readonly string[]
}

/** The brokers, and the way to the leader of each partition. One attempt each: whoever asks decides whether to ask again. */
export class Cluster {
  private known: Promise<Layout> | undefined
  private current: Layout | undefined
  private readonly nodes: Map<string, Node>
  private closed = false

  constructor(private readonly options: ClusterOptions) {
    this.nodes = new Map(options.brokers.map((address) => [address, new Node(address, options)]))
  }

  /**
   * The layout that is known, or a new one if that is outdated; all who wait for it share one look.
   * @throws NotSent if no broker answers
   */
  layout(): Promise<Layout> {
    this.known ??= this.look()
    return this.known
  }

  /** Something went by this layout and failed: whoever asks next waits for a newer one. */
  outdated(layout: Layout): void {
    if (layout !== this.current) return
    this.current = undefined
    this.known = undefined
  }

  /**
   * Asks a broker of the layout, which is outdated if that fails.
   * @throws NotSent, or what kept the response from coming
   */
  async ask<Body, Reply>(layout: Layout, nodeId: number, request: Request<Body, Reply>): Promise<Reply> {
    try {
      const node = this.nodes.get(layout.addresses.get(nodeId) ?? '')
      if (node === undefined) throw new NotSent(new Error('There is no leader.'))
      return await node.ask(request)
    } catch (error) {
      this.outdated(layout)
      throw error
    }
  }

  /**
   * Asks the leader of a partition about it, and picks its answer from the reply; the layout is outdated if there is none, or an error.
   * @throws NotSent, what kept the response from coming, or the error that it tells
   */
  async askLeader<Body, Reply, Answer extends PartitionAnswer>(
    topic: string,
    partition: number,
    request: Request<Body, Reply>,
    answers: (reply: Reply) => readonly Answer[] | undefined,
  ): Promise<Answer> {
    const layout = await this.layout()
    const reply = await this.ask(layout, layout.leader(topic, partition), request)
    try {
      return answerFor(answers(reply), partition)
    } catch (error) {
      this.outdated(layout)
      throw error
    }
  }

  /** Resolves when requests under way are over. */
  async close(): Promise<void> {
    this.closed = true
    await Promise.all([...this.nodes.values()].map((node) => node.close()))
  }

  private async look(): Promise<Layout> {
    const body = { topics: this.options.topics, allowAutoTopicCreation: false }
    try {
      // The first answer counts: a broker that hangs must not hold up the partitions of the others.
      const answers = [...this.nodes.values()].map((node) => node.ask({ api: METADATA, lane: 'control', body }))
      const { brokers, topicMetadata } = await Promise.any(answers)
      const addresses = new Map(brokers.map(({ nodeId, host, port }) => [nodeId, addressOf(host, port)]))
      const leaders = new Map(
        topicMetadata.map(({ topic, partitionMetadata }) => [
          topic,
          new Map(partitionMetadata.map(({ partitionId, leader }) => [partitionId, leader])),
        ]),
      )
      const leader = (topic: string, partition: number): number => leaders.get(topic)?.get(partition) ?? -1
      this.keep(new Set([...this.options.brokers, ...addresses.values()]))
      this.current = { addresses, leader }
      return this.current
    } catch (cause) {
      this.known = undefined
      throw new NotSent(cause)
    }
  }

  /** Brokers come and go with the years. */
  private keep(addresses: ReadonlySet<string>): void {
    if (this.closed) return
    for (const address of addresses)
      if (!this.nodes.has(address)) this.nodes.set(address, new Node(address, this.options))
    for (const [address, node] of this.nodes) {
      if (addresses.has(address)) continue
      this.nodes.delete(address)
      void node.close()
    }
  }
}

function addressOf(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
