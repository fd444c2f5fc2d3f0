import type { Sink } from '../../src/streams/subscriber.js'

/** A response whose client reads only when told to. Like the real one it asks for a pause at `highWaterMark`, and says when all is gone. */
export class SlowSocket implements Sink {
  /** Everything that was written. */
  text = ''
  writableLength = 0
  writableNeedDrain = false
  /** The most that was unsent when still more was written. */
  unsentAtWrite = 0
  private readonly listeners: (() => void)[] = []

  constructor(private readonly highWaterMark: number) {}

  write(chunk: string | Buffer): boolean {
    this.unsentAtWrite = Math.max(this.unsentAtWrite, this.writableLength)
    this.text += chunk.toString()
    this.writableLength += Buffer.byteLength(chunk)
    this.writableNeedDrain ||= this.writableLength >= this.highWaterMark
    return !this.writableNeedDrain
  }

  once(_event: 'drain', listener: () => void): void {
    this.listeners.push(listener)
  }

  /** The client reads up to so many bytes. */
  drain(bytes: number): void {
    this.writableLength = Math.max(0, this.writableLength - bytes)
    if (this.writableLength > 0 || !this.writableNeedDrain) return
    this.writableNeedDrain = false
    for (const listener of this.listeners.splice(0)) listener()
  }
}
