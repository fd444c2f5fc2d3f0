import { NodeLink, NotSent, type LinkOptions } from './node-link.js'
import type { Lane, Request } from './protocol.js'

export interface NodeOptions extends LinkOptions {
  /** Gets a line when a broker stops answering, and when it answers again. */
  readonly log: (message: string) => void
}

/** One broker, and a connection to it for each lane that is used. */
export class Node {
  private readonly links = new Map<Lane, NodeLink>()
  private readonly opening = new Map<Lane, Promise<NodeLink>>()
  private silent = false
  private closed = false

  /** @param address `host:port` */
  constructor(
    private readonly address: string,
    private readonly options: NodeOptions,
  ) {}

  /**
   * One attempt.
   * @throws NotSent, or what kept the response from coming
   */
  async ask<Body, Reply>(request: Request<Body, Reply>): Promise<Reply> {
    const link = await this.link(request.lane)
    try {
      return await link.send(request)
    } catch (error) {
      if (!(error instanceof NotSent)) this.fellSilent(error)
      throw error
    }
  }

  /** Resolves when requests under way are over. */
  async close(): Promise<void> {
    this.closed = true
    await Promise.allSettled(this.opening.values())
    await Promise.all([...this.links.values()].map((link) => link.close()))
  }

  private async link(lane: Lane): Promise<NodeLink> {
    const link = this.links.get(lane)
    if (link?.usable === true) return link
    try {
      if (this.closed) throw new Error('This client is closed.')
      const opening = this.opening.get(lane) ?? this.open(lane)
      this.opening.set(lane, opening)
      return await opening
    } catch (cause) {
      throw new NotSent(cause)
    }
  }

  private async open(lane: Lane): Promise<NodeLink> {
    try {
      const link = await NodeLink.open(this.address, this.options)
      this.links.set(lane, link)
      if (this.silent) this.options.log(`Kafka broker ${this.address} answers again.`)
      this.silent = false
      return link
    } catch (error) {
      this.fellSilent(error)
      throw error
    } finally {
      this.opening.delete(lane)
    }
  }

  private fellSilent(error: unknown): void {
    if (this.closed || this.silent) return
    this.silent = true
    const reason = error instanceof Error ? error.message : String(error)
    this.options.log(`Kafka broker ${this.address} does not answer: ${reason}`)
  }
}
