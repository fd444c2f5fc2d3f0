import type { FetchedRecord } from 'kafkajs/src/protocol/requests/index.js'
import { LogGap, type Log, type StoredMessage } from './broker.js'

/** What is fetched ahead for one reader, in bytes of its messages; a fetch that begins below may pass it by as much, or by one batch. */
export const READ_AHEAD_BYTES = 1024 * 1024

/** One reader's way through a partition: what was fetched and not taken yet, and the offset that must come next. */
export class PartitionRead {
  /** Others write to it, in transactions perhaps, whose ends take offsets too. */
  readonly mayHaveGaps: boolean
  private waiting: StoredMessage[] = []
  private waitingBytes = 0
  private gap: LogGap | undefined
  private ended = false
  private wake = (): void => undefined

  constructor(
    private readonly log: Log,
    readonly topic: string,
    readonly partition: number,
    private next: number,
  ) {
    this.mayHaveGaps = log === 'done'
  }

  /** Of the next message to be fetched. */
  get offset(): number {
    return this.next
  }

  get hasRoom(): boolean {
    return !this.ended && this.gap === undefined && this.waitingBytes < READ_AHEAD_BYTES
  }

  /** Takes what a fetch has brought, as far as it is what comes next. */
  add(records: readonly FetchedRecord[]): void {
    for (const { offset, timestamp, value, isControlRecord } of records) {
      const found = Number(offset)
      // A batch comes whole, also when its middle was asked for.
      if (found < this.next || (isControlRecord && !this.mayHaveGaps)) continue
      if (found > this.next && !this.mayHaveGaps) {
        this.stop(`offset ${found} came`)
        return
      }
      this.next = found + 1
      if (isControlRecord) continue
      this.waiting.push({ offset: found, at: Number(timestamp), text: value?.toString() ?? '' })
      this.waitingBytes += value?.length ?? 0
    }
    this.wake()
  }

  /** The log does not go on from here: the reader learns it behind what is waiting. */
  stop(found: string): void {
    this.gap = new LogGap(this.log, this.partition, this.next, found)
    this.wake()
  }

  /** The reader has gone, or must go. */
  end(): void {
    this.ended = true
    this.wake()
  }

  /**
   * All that is waiting, once there is something; undefined at the end.
   * @throws LogGap
   */
  async take(): Promise<readonly StoredMessage[] | undefined> {
    for (;;) {
      if (this.ended) return undefined
      if (this.waiting.length > 0) break
      if (this.gap !== undefined) throw this.gap
      await new Promise<void>((resolve) => (this.wake = resolve))
    }
    const batch = this.waiting
    this.waiting = []
    this.waitingBytes = 0
    return batch
  }
}
