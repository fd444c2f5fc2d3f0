import { setTimeout as wait } from 'node:timers/promises'
import { ApiError } from '#libs/contract'
import { encodeEntry, Lane, type Entry } from '#libs/engine'
import { AppendFailed, type Broker, type NewMessage } from './broker.js'
import { encodeInput } from './wire.js'

/** Messages appended together, in bytes; a larger one goes by itself. Twice as much brings 3 % more records a second. */
const BATCH_BYTES = 512 * 1024

/** Before a failed append is tried again: leaders move within some 100 ms to seconds. */
const RETRY_MS = 50

interface Append {
  /** Streams of one key are in one partition. */
  readonly key: string
  /** The entry, encoded. */
  readonly text: string
  /** Of the message, with the longest number: whichever it gets. */
  readonly bytes: number
  /** When it is given up, by the monotonic clock. */
  readonly deadline: number
  readonly resolve: (offset: number) => void
  readonly reject: (error: unknown) => void
  /** Gives it up at its deadline, while it waits. */
  readonly timer: NodeJS.Timeout
}

export interface AppenderOptions {
  /** Names this replica in its present life. */
  readonly replica: string
  /** Input on its way to the log, over all partitions, in bytes. */
  readonly backlogBytes: number
  /** How long an append is tried, in ms. Then it is answered, whatever an attempt under way comes to. */
  readonly appendTimeoutMs: number
}

/** What all appenders of a replica have on their way together. */
export class Backlog {
  bytes = 0
}

/**
 * Appends entries to a partition of the input, one append at a time, so that their numbers rise in the log. While one is under way the
 * next batch forms. An append that failed is tried again under the same numbers, whose twins the owner drops.
 */
export class Appender {
  private readonly lane = new Lane<Append>((batch) => this.write(batch))
  /** They still wait in the lane. */
  private readonly givenUp = new Set<Append>()
  private readonly identityBytes: number
  private seq = 0

  constructor(
    private readonly partition: number,
    private readonly broker: Broker,
    private readonly backlog: Backlog,
    private readonly options: AppenderOptions,
  ) {
    const longest = encodeInput({ replica: options.replica, seq: Number.MAX_SAFE_INTEGER }, '')
    this.identityBytes = Buffer.byteLength(longest)
  }

  /**
   * Resolves with the entry's offset when it is durable.
   * @throws ApiError `overloaded` | `log_unavailable` | `body_too_large` (nothing happened), `append_unknown`
   */
  append(entry: Entry): Promise<number> {
    const text = encodeEntry(entry)
    const bytes = this.identityBytes + Buffer.byteLength(text)
    const full = this.backlog.bytes > 0 && this.backlog.bytes + bytes > this.options.backlogBytes
    if (entry.kind === 'data' && full) return Promise.reject(new ApiError('overloaded'))
    this.backlog.bytes += bytes
    return new Promise((resolve, reject) => {
      const { appendTimeoutMs } = this.options
      const deadline = performance.now() + appendTimeoutMs
      const timer = setTimeout(() => this.giveUp(append), appendTimeoutMs)
      const key = 'stream' in entry ? entry.stream : entry.kind
      const append: Append = { key, text, bytes, deadline, resolve, reject, timer }
      this.lane.add(append)
    })
  }

  /** Resolves when everything appended so far is answered. */
  idle(): Promise<void> {
    return this.lane.idle()
  }

  private giveUp(append: Append): void {
    this.givenUp.add(append)
    append.reject(unavailable())
  }

  private async write(waiting: readonly Append[]): Promise<void> {
    let batch: Append[] = []
    let bytes = 0
    for (const append of waiting) {
      if (batch.length > 0 && bytes + append.bytes > BATCH_BYTES) {
        await this.settle(batch)
        batch = []
        bytes = 0
      }
      clearTimeout(append.timer)
      // A process that stood still has its timers late.
      if (append.deadline <= performance.now()) this.giveUp(append)
      if (this.givenUp.delete(append)) {
        this.backlog.bytes -= append.bytes
        continue
      }
      batch.push(append)
      bytes += append.bytes
    }
    await this.settle(batch)
  }

  private async settle(batch: readonly Append[]): Promise<void> {
    const [oldest] = batch
    if (oldest === undefined) return
    const { replica } = this.options
    const messages = batch.map(({ key, text }) => ({ key, text: encodeInput({ replica, seq: ++this.seq }, text) }))
    const refuse = (error: unknown): void => {
      for (const { reject } of batch) reject(error)
    }
    try {
      const first = await this.attempt(messages, oldest.deadline, () => refuse(new ApiError('append_unknown')))
      batch.forEach(({ resolve }, index) => {
        resolve(first + index)
      })
    } catch (error) {
      refuse(error)
    } finally {
      for (const { bytes } of batch) this.backlog.bytes -= bytes
    }
  }

  /** @param overdue called at the deadline, if an attempt is under way then: what comes of it is known too late */
  private async attempt(messages: readonly NewMessage[], deadline: number, overdue: () => void): Promise<number> {
    for (let mayExist = false; ;) {
      let cause: AppendFailed
      const timer = setTimeout(overdue, deadline - performance.now())
      try {
        return await this.broker.append('input', this.partition, messages)
      } catch (error) {
        if (!(error instanceof AppendFailed)) throw error
        cause = error
      } finally {
        clearTimeout(timer)
      }
      mayExist ||= cause.outcome === 'unknown'
      if (cause.outcome === 'never' && !mayExist) throw new ApiError('body_too_large', {}, { cause })
      await wait(RETRY_MS, undefined, { ref: false })
      // Looked at last before an attempt: a process that stood still for long must not append what the owner has forgotten it knows.
      if (performance.now() >= deadline)
        throw mayExist ? new ApiError('append_unknown', {}, { cause }) : unavailable(cause)
    }
  }
}

const unavailable = (cause?: unknown): ApiError =>
  new ApiError('log_unavailable', { message: 'The log takes no appends at present. Try again in a moment.' }, { cause })
