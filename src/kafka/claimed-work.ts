import { setTimeout as wait } from 'node:timers/promises'
import { ApiError } from '#libs/contract'
import type { RunLimits } from '#libs/processor'
import type { StreamOutcomes, StreamWork } from '../processing/batch.js'
import { AppendFailed, LogGap, type Broker, type NewMessage, type StoredMessage } from './broker.js'
import { extentInTheEnd } from './extent.js'
import { decodeAnswer, type Answer } from './external-wire.js'
import { WorkOut } from './work-out.js'

/** Messages appended together, in bytes; a larger one goes by itself. */
const APPEND_BYTES = 512 * 1024

/** Before a failed append is tried again. */
const RETRY_MS = 50

/** A job that has not answered for this long is told of. */
const LATE_MS = 10_000

/** Work without an answer is written again this often: before the work topic forgets it (WAY_RETENTION_MS). */
const AGAIN_MS = 12 * 3_600_000

export interface ClaimedWorkPorts {
  readonly broker: Broker
  readonly partition: number
  /** Aborted when the claim ends. */
  readonly over: AbortSignal
  readonly limits: RunLimits
  /** A message of the done topic was dropped: it was no answer at all, or one that nobody waits for any more. */
  readonly dropped: (partition: number, kind: 'malformed' | 'unknown') => void
  readonly log: (message: string) => void
}

/** A batch that is out, and what wakes whoever waits for it. */
interface Batch {
  readonly out: WorkOut
  /** By the monotonic clock, in ms. */
  readonly since: number
  wake: () => void
}

/**
 * Has a job do the work of one claim of a partition: writes batches to the work topic and reads the done topic until every record has its
 * answer. It reads from the end that the done topic has when the claim begins, before any of its work is written: no answer to that can
 * stand earlier.
 */
export class ClaimedWork {
  private readonly batches = new Set<Batch>()
  /** How often reading has begun: once, and again where answers were removed before they were read. */
  private begun = 0
  private failure: Error | undefined

  constructor(private readonly ports: ClaimedWorkPorts) {
    ports.over.addEventListener('abort', () => this.wakeAll())
    this.read().catch((error: unknown) => {
      this.failure = new Error('The answers of external processing cannot be read.', { cause: error })
      this.wakeAll()
    })
  }

  /** Which entry has been waiting for its answer, and for how long, if that is long. */
  get late(): { readonly partition: number; readonly offset: number; readonly seconds: number } | undefined {
    const now = performance.now()
    for (const { out, since } of this.batches)
      if (out.waitsFor !== undefined && now - since >= LATE_MS)
        return { partition: this.ports.partition, offset: out.waitsFor, seconds: Math.floor((now - since) / 1_000) }
    return undefined
  }

  /** @throws ApiError `log_unavailable` if the claim ends before everything is answered */
  async process(works: readonly StreamWork[]): Promise<StreamOutcomes[]> {
    const { partition, limits } = this.ports
    const out = new WorkOut(partition, works, limits)
    const batch: Batch = { out, since: performance.now(), wake: () => undefined }
    const late = setTimeout(() => this.tellOfSilence(out), LATE_MS).unref()
    this.batches.add(batch)
    try {
      while (this.begun === 0) await this.woken(batch)
      while (!out.isSettled()) {
        const { begun } = this
        await this.write(out.messages())
        let inTime = true
        while (inTime && !out.isSettled() && this.begun === begun) inTime = await this.woken(batch)
      }
      return out.outcomes()
    } finally {
      clearTimeout(late)
      this.batches.delete(batch)
    }
  }

  /** Resolves with true when something has happened; with false when it is time to write again. */
  private async woken(batch: Batch): Promise<boolean> {
    this.check()
    const inTime = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), AGAIN_MS).unref()
      batch.wake = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
    this.check()
    return inTime
  }

  private wakeAll(): void {
    for (const { wake } of this.batches) wake()
  }

  private check(): void {
    if (this.ports.over.aborted) throw new ApiError('log_unavailable')
    if (this.failure !== undefined) throw this.failure
  }

  private async write(messages: readonly NewMessage[]): Promise<void> {
    let together: NewMessage[] = []
    let bytes = 0
    for (const message of messages) {
      const size = Buffer.byteLength(message.text)
      if (together.length > 0 && bytes + size > APPEND_BYTES) {
        await this.append(together)
        together = []
        bytes = 0
      }
      together.push(message)
      bytes += size
    }
    if (together.length > 0) await this.append(together)
  }

  /** As often as it takes: a job meets twins anyway. */
  private async append(messages: readonly NewMessage[]): Promise<void> {
    for (;;) {
      this.check()
      try {
        await this.ports.broker.append('work', this.ports.partition, messages)
        return
      } catch (error) {
        if (!(error instanceof AppendFailed) || error.outcome === 'never') throw error
        await wait(RETRY_MS, undefined, { ref: false })
      }
    }
  }

  private async read(): Promise<void> {
    const { broker, partition, over } = this.ports
    const isOver = (): boolean => over.aborted
    while (!isOver()) {
      try {
        const { end } = await extentInTheEnd(broker, 'done', partition, over)
        this.begun++
        this.wakeAll()
        for await (const batch of broker.read('done', partition, end, over)) this.take(batch)
      } catch (error) {
        // What was to be read next is gone. The work is written again, and its answers come behind the end of now.
        if (!(error instanceof LogGap) && !isOver()) throw error
      }
    }
  }

  private take(messages: readonly StoredMessage[]): void {
    const { partition, dropped } = this.ports
    for (const { text } of messages) {
      const answer = decodeAnswer(text)
      if (answer === undefined) dropped(partition, 'malformed')
      else if (!this.takes(answer)) dropped(partition, 'unknown')
    }
    for (const { out, wake } of this.batches) if (out.isSettled()) wake()
  }

  /** Records of one entry may be out in two batches. */
  private takes(answer: Answer): boolean {
    let isAwaited = false
    for (const { out } of this.batches) if (out.take(answer)) isAwaited = true
    return isAwaited
  }

  private tellOfSilence({ waitsFor }: WorkOut): void {
    const { partition, log } = this.ports
    log(
      `Partition ${partition} waits for external processing: the entry at offset ${waitsFor} has no answer after ` +
        `${LATE_MS / 1_000} s. Sends are taken meanwhile.`,
    )
  }
}
