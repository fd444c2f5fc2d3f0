import type { Sink } from '../../src/streams/subscriber.js'
import type { SimulatedCluster } from './simulated-cluster.js'
import type { Process } from './virtual-time.js'

/** A connection of a client to a process: what is written arrives in order, in its time, until one of both lets go. */
export class SimulatedSocket implements Sink {
  writableLength = 0
  writableNeedDrain = false
  private closed = false
  private arrivesAt = 0
  private readonly listeners: (() => void)[] = []

  constructor(
    private readonly cluster: SimulatedCluster,
    private readonly process: Process,
    private readonly highWaterMark: number,
    private readonly receive: (text: string) => void,
  ) {}

  write(chunk: string | Buffer): boolean {
    const text = chunk.toString()
    const bytes = Buffer.byteLength(chunk)
    this.writableLength += bytes
    this.writableNeedDrain ||= this.writableLength >= this.highWaterMark
    this.deliver(() => {
      this.receive(text)
      this.cluster.time.schedule(0, () => this.sent(bytes), this.process)
    })
    return !this.writableNeedDrain
  }

  once(_event: 'drain', listener: () => void): void {
    this.listeners.push(listener)
  }

  /** The process ends the response: the client learns it behind all that was written. */
  end(closed: () => void): void {
    this.deliver(closed)
  }

  /** The client receives nothing more. */
  cut(): void {
    this.closed = true
  }

  private deliver(arrived: () => void): void {
    const { time } = this.cluster
    this.arrivesAt = Math.max(this.arrivesAt, time.now + this.cluster.latency())
    const unlessCut = (): void => (this.closed ? undefined : arrived())
    time.schedule(this.arrivesAt - time.now, unlessCut, undefined)
  }

  private sent(bytes: number): void {
    this.writableLength -= bytes
    if (this.writableLength > 0 || !this.writableNeedDrain) return
    this.writableNeedDrain = false
    for (const listener of this.listeners.splice(0)) listener()
  }
}
