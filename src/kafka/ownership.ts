import { setTimeout as wait } from 'node:timers/promises'
import { ApiError } from '#libs/contract'
import { AppendIdentities, type Claim, type Commit, type Renewal, type StoredEntry } from '#libs/engine'
import { AppendFailed, type Broker, type Log } from './broker.js'
import { trimmable } from './marks.js'
import type { Tail } from './tail.js'
import { decodeInput, encodeCommit, encodeMarker, type IdentityRow } from './wire.js'

/** Before a failed append to the commit log is tried again. */
const RETRY_MS = 50

/** Between two removals of input that is committed, in ms. */
const TRIM_MS = 10_000

/** How long a commit under way is still tried when the partition is given back, in ms. */
const RELEASE_MS = 5_000

/** Before a partition that was lost though the group assigns it is taken again: between this and twice as long. */
const BACK_OFF_MS = 1_000

export interface OwnershipPorts {
  readonly partition: number
  readonly broker: Broker
  readonly tail: Tail
  readonly replica: string
  /** Where the partition's commit log ends now. */
  readonly end: () => Promise<number>
  /** Whether the group assigns the partition to this replica, as of a moment ago. */
  readonly isAssigned: () => boolean
  readonly own: (claim: Claim) => void
  /** How long commits are kept, in ms of log time. */
  readonly retentionMs: number
  readonly log: (message: string) => void
}

/** A partition is taken anew when it has been owned for this part of the retention, so that the commit log can be trimmed at a marker. */
const RENEWED = 1 / 10

/** What was last said of a stream this part of the retention ago is said again. */
const FADED = 1 / 2

/** The longest time that a timer takes, in ms. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** Takes a partition that the group assigns to this replica, and takes it again when it is lost, until it is assigned elsewhere. */
export class Ownership {
  private readonly released = new AbortController()
  private readonly running: Promise<void>

  constructor(private readonly ports: OwnershipPorts) {
    this.running = this.run()
  }

  /** Ends the claim. Resolves when its owner has committed what it had read. */
  async release(): Promise<void> {
    this.released.abort()
    await this.running
  }

  private async run(): Promise<void> {
    const { signal } = this.released
    while (!signal.aborted) {
      try {
        const held = await HeldClaim.take(this.ports, signal)
        if (held !== undefined) {
          this.ports.own(held)
          await held.ended()
          if (held.due) continue
        }
      } catch (error) {
        this.ports.log(`partition ${this.ports.partition} could not be taken: ${String(error)}`)
      }
      await this.backOff(signal)
    }
  }

  private async backOff(signal: AbortSignal): Promise<void> {
    do await wait(BACK_OFF_MS * (1 + Math.random()), undefined, { signal, ref: false }).catch(() => undefined)
    while (!signal.aborted && !this.ports.isAssigned())
  }
}

/** A partition that is owned until a newer marker appears in its commit log. */
class HeldClaim implements Claim {
  readonly partition: number
  readonly at: number
  private readonly lost = new AbortController()
  private readonly expired = new AbortController()
  /** Nothing more is read: the partition is lost, given back, or to be taken anew. */
  private readonly over: AbortSignal
  private readonly noted: { readonly offset: number; readonly row: IdentityRow }[] = []
  private reading = Promise.resolve()
  private written = Promise.resolve(true)
  private trimAt = performance.now() + TRIM_MS

  private constructor(
    private readonly ports: OwnershipPorts,
    readonly epoch: number,
    readonly from: number,
    private readonly released: AbortSignal,
  ) {
    this.partition = ports.partition
    this.at = ports.tail.state.at
    this.over = AbortSignal.any([this.lost.signal, this.released, this.expired.signal])
    const timer = setTimeout(
      () => {
        this.expired.abort()
      },
      Math.min(ports.retentionMs * RENEWED, MAX_TIMER_MS),
    ).unref()
    this.over.addEventListener('abort', () => {
      clearTimeout(timer)
    })
    void ports.tail
      .until(() => ports.tail.epoch !== epoch)
      .then(() => {
        this.lost.abort()
      })
  }

  /** Undefined if another replica took it meanwhile, or it was released. */
  static async take(ports: OwnershipPorts, released: AbortSignal): Promise<HeldClaim | undefined> {
    const { broker, tail, partition } = ports
    // What the former owner committed is seen first, so that the marker is not a long way ahead of the view.
    const end = await ports.end()
    if (!(await tail.until(() => tail.position >= end || released.aborted)) || released.aborted) return undefined
    const epoch = await mark(ports, released)
    if (epoch === undefined || !(await tail.until(() => tail.position > epoch)) || tail.epoch !== epoch)
      return undefined
    // Input is removed only below what is committed, so that a view which has lost its past may begin where the input does.
    const { oldest } = (await broker.extents('input'))[partition] ?? { oldest: 0 }
    const claim = new HeldClaim(ports, epoch, Math.max(tail.to, oldest), released)
    const { at, identities } = tail.state
    const checkpoint = { partition, epoch, n: 1, to: claim.from, at, streams: [], verdicts: [] }
    return (await claim.write(checkpoint, identities)) ? claim : undefined
  }

  /** Whether the partition is to be taken anew at once, since nobody else has it. */
  get due(): boolean {
    return this.expired.signal.aborted && !this.lost.signal.aborted && !this.released.aborted
  }

  get renewal(): Renewal {
    const { retentionMs, tail } = this.ports
    const { at } = this
    const mark = trimmable(tail.state.marks, at - retentionMs)
    return {
      before: at - retentionMs * FADED,
      done: () => {
        if (mark !== undefined) this.remove('commits', mark.offset)
      },
    }
  }

  async *read(): AsyncGenerator<readonly StoredEntry[]> {
    let done = (): void => undefined
    this.reading = new Promise((resolve) => (done = resolve))
    const { broker, partition, tail } = this.ports
    const { identities, at } = tail.state
    const known = new AppendIdentities(identities.map(([replica, seq, seen]) => [replica, { seq, at: seen }]))
    let time = at
    try {
      for await (const batch of broker.read('input', partition, this.from, this.over)) {
        const entries: StoredEntry[] = []
        for (const message of batch) {
          const { identity, entry } = decodeInput(message.text)
          time = Math.max(time, message.at)
          if (!known.admits(identity, time)) continue
          this.noted.push({ offset: message.offset, row: [identity.replica, identity.seq, time] })
          entries.push({ ...entry, offset: message.offset, at: time })
        }
        if (entries.length > 0) yield entries
        if (this.over.aborted) return
      }
    } finally {
      done()
    }
  }

  /** The checkpoint was number 1 of the epoch. */
  async commit(commit: Commit): Promise<void> {
    const passed = this.noted.findIndex(({ offset }) => offset >= commit.to)
    const rows = this.noted.splice(0, passed === -1 ? this.noted.length : passed)
    const last = new Map(rows.map(({ row }) => [row[0], row]))
    // One append at a time: two could change places.
    this.written = this.written.then(() => this.write({ ...commit, n: commit.n + 1 }, [...last.values()]))
    if (!(await this.written)) throw new ApiError('log_unavailable')
    this.trim(commit.to)
  }

  /** What is committed needs no input any more. */
  private trim(to: number): void {
    if (performance.now() < this.trimAt) return
    this.trimAt = performance.now() + TRIM_MS
    this.remove('input', to)
  }

  /** What is not removed now is removed later. */
  private remove(log: Log, before: number): void {
    this.ports.broker.trim(log, this.partition, before).catch(() => undefined)
  }

  /** Resolves when nothing is read any more and what was read is committed. */
  async ended(): Promise<void> {
    await aborted(this.over)
    await this.reading
    await this.written
  }

  /** Whether the commit has counted; if not, the partition is lost. */
  private async write(commit: Commit, identities: readonly IdentityRow[]): Promise<boolean> {
    const { broker, tail, partition } = this.ports
    const text = encodeCommit(commit, identities)
    const counted = (): boolean => tail.hasCounted(this.epoch, commit.n)
    let releasedAt = Infinity
    while (tail.epoch === this.epoch && !counted() && performance.now() < releasedAt + RELEASE_MS) {
      if (this.released.aborted) releasedAt = Math.min(releasedAt, performance.now())
      try {
        const offset = await broker.append('commits', partition, [{ key: 'commit', text }])
        if (!(await tail.until(() => tail.position > offset))) return false
        if (!counted()) this.lost.abort()
        return counted()
      } catch (error) {
        if (!(error instanceof AppendFailed)) throw error
        // Twins do not count: an append whose outcome is unknown is tried again.
        await wait(RETRY_MS, undefined, { ref: false })
      }
    }
    return counted()
  }
}

/** The offset of a new marker. A marker always counts, twins of it too: the last one opens the epoch. */
async function mark(
  { broker, partition, replica }: OwnershipPorts,
  released: AbortSignal,
): Promise<number | undefined> {
  while (!released.aborted) {
    try {
      return await broker.append('commits', partition, [{ key: 'marker', text: encodeMarker(replica) }])
    } catch (error) {
      if (!(error instanceof AppendFailed)) throw error
      await wait(RETRY_MS, undefined, { ref: false })
    }
  }
  return undefined
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
