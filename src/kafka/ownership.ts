import { setTimeout as wait } from 'node:timers/promises'
import { ApiError } from '#libs/contract'
import { AppendIdentities, type Claim, type Commit, type Renewal, type StoredEntry } from '#libs/engine'
import { AppendFailed, LogGap, type Broker, type Log } from './broker.js'
import { extentInTheEnd } from './extent.js'
import { trimmable } from './marks.js'
import { NotedAppends } from './noted-appends.js'
import type { Tail } from './tail.js'
import { decodeInput, encodeCommit, encodeMarker, type IdentityRow } from './wire.js'

/** Before a failed append to the commit log is tried again. */
const RETRY_MS = 50

/** Between two looks at what the logs still hold: input that is committed is removed. */
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
  /** Whether the group assigns the partition to this replica, as of a moment ago. */
  readonly isAssigned: () => boolean
  readonly own: (claim: Claim) => void
  /** See {@link KafkaEngineOptions.graceMs}. */
  readonly graceMs: number
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
  /** Nobody waits any more for commits of a partition that was given back. */
  private readonly left = new AbortController()
  private readonly running: Promise<void>

  constructor(private readonly ports: OwnershipPorts) {
    this.running = this.run()
  }

  /** Ends the claim. Resolves when its owner has committed what it had read. */
  async release(): Promise<void> {
    this.released.abort()
    const leave = setTimeout(() => {
      this.left.abort()
    }, RELEASE_MS)
    await this.running
    clearTimeout(leave)
  }

  private async run(): Promise<void> {
    const { signal } = this.released
    while (!signal.aborted) {
      try {
        const held = await HeldClaim.take(this.ports, signal, this.left.signal)
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
  readonly over: AbortSignal
  private readonly noted = new NotedAppends()
  private reading = Promise.resolve()
  private written = Promise.resolve(true)
  private trimmed = 0
  private isEnded = false

  private constructor(
    private readonly ports: OwnershipPorts,
    readonly epoch: number,
    readonly from: number,
    /** Whether the commit log has lost what tells of open streams, so that all of them are to be said again. */
    private readonly isHoled: boolean,
    private readonly released: AbortSignal,
    private readonly left: AbortSignal,
  ) {
    this.partition = ports.partition
    this.at = ports.tail.state.at
    this.over = AbortSignal.any([this.lost.signal, this.released, this.expired.signal])
    const renewal = setTimeout(
      () => {
        this.expired.abort()
      },
      Math.min(ports.retentionMs * RENEWED, MAX_TIMER_MS),
    ).unref()
    const looks = setInterval(() => void this.look(), TRIM_MS).unref()
    this.over.addEventListener('abort', () => {
      clearTimeout(renewal)
      clearInterval(looks)
    })
    void ports.tail
      .until(() => ports.tail.epoch !== epoch)
      .then(() => {
        this.lost.abort()
      })
  }

  /** Undefined if another replica took it meanwhile, or it was released. */
  static async take(ports: OwnershipPorts, released: AbortSignal, left: AbortSignal): Promise<HeldClaim | undefined> {
    const { broker, tail, partition } = ports
    // What the former owner committed is seen first, so that the marker is not a long way ahead of the view.
    const commits = await extentInTheEnd(broker, 'commits', partition, released)
    if (!(await tail.until(() => tail.hasReached(commits.end), released))) return undefined
    const input = await extentInTheEnd(broker, 'input', partition, released)
    if (input.end < tail.to)
      throw new Error(`its input ends at ${input.end}, and ${tail.to} of it is committed: this is another input`)
    const isHoled = commits.oldest > tail.epoch && tail.epoch >= 0
    const epoch = await mark(ports, released)
    if (epoch === undefined || !(await tail.until(() => tail.position > epoch, released)) || tail.epoch !== epoch)
      return undefined
    // Input is removed only below what is committed, so that a view which has lost its past may begin where the input does.
    const claim = new HeldClaim(ports, epoch, Math.max(tail.to, input.oldest), isHoled, released, left)
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
      before: this.isHoled ? Infinity : at - retentionMs * FADED,
      done: () => {
        if (mark !== undefined) this.remove('commits', mark.offset)
      },
    }
  }

  async *read(): AsyncGenerator<readonly StoredEntry[]> {
    let done = (): void => undefined
    this.reading = new Promise((resolve) => (done = resolve))
    const { broker, partition, tail } = this.ports
    const { identities } = tail.state
    const known = new AppendIdentities(identities.map(([replica, seq, seen]) => [replica, { seq, at: seen }]))
    // Of the newest entry below: commits are of later ones too, and what those streams have yet to take has the time it always had.
    let time = Math.max(0, ...identities.map(([, , seen]) => seen))
    try {
      for await (const batch of broker.read('input', partition, this.from, this.over)) {
        const entries: StoredEntry[] = []
        for (const message of batch) {
          const { identity, entry } = decodeInput(message.text)
          time = Math.max(time, message.at)
          if (!known.admits(identity, time)) continue
          this.noted.add(message.offset, [identity.replica, identity.seq, time])
          entries.push({ ...entry, offset: message.offset, at: time })
        }
        if (entries.length > 0) yield entries
        if (this.over.aborted) return
      }
    } catch (error) {
      // Whoever owns the partition meanwhile has removed what this one was about to read.
      if (!(error instanceof LogGap) || !(await this.isTaken())) throw error
    } finally {
      done()
    }
  }

  /** Whether a newer marker stands in the commit log. */
  private async isTaken(): Promise<boolean> {
    const { broker, tail, partition } = this.ports
    try {
      const { end } = await extentInTheEnd(broker, 'commits', partition, this.over)
      await tail.until(() => tail.hasReached(end), this.over)
    } catch (error) {
      if (!this.over.aborted) throw error
    }
    return this.over.aborted || tail.epoch !== this.epoch
  }

  /** The checkpoint was number 1 of the epoch. */
  async commit(commit: Commit): Promise<void> {
    if (this.isEnded) throw new ApiError('log_unavailable')
    const { to, rows } = this.noted.below(commit.to)
    const spread = commit.spread ?? (to < commit.to ? { taken: commit.to, behind: [] } : undefined)
    const numbered = { ...commit, n: commit.n + 1, to, ...(spread && { spread }) }
    // One append at a time: two could change places.
    this.written = this.written.then(() => this.write(numbered, rows))
    if (!(await this.written)) throw new ApiError('log_unavailable')
  }

  /** What is committed needs no input any more. A commit log that somebody else has cut off is healed by taking the partition anew. */
  private async look(): Promise<void> {
    const { broker, tail, partition } = this.ports
    if (tail.to > this.trimmed) this.remove('input', (this.trimmed = tail.to))
    const oldest = await broker.extent('commits', partition).then(
      (extent) => extent.oldest,
      () => 0,
    )
    if (oldest > this.epoch) this.expired.abort()
  }

  /** What is not removed now is removed later. */
  private remove(log: Log, before: number): void {
    this.ports.broker.trim(log, this.partition, before).catch(() => undefined)
  }

  /** Resolves when nothing is read any more and what was read is committed. */
  async ended(): Promise<void> {
    await aborted(this.over)
    await this.reading
    this.isEnded = true
    await this.written
  }

  /** Whether the commit has counted; if not, the partition is lost. */
  private async write(commit: Commit, identities: readonly IdentityRow[]): Promise<boolean> {
    const { broker, tail, partition } = this.ports
    const text = encodeCommit(commit, identities)
    const counted = (): boolean => tail.hasCounted(this.epoch, commit.n)
    while (tail.epoch === this.epoch && !counted() && !this.left.aborted) {
      try {
        const offset = await broker.append('commits', partition, [{ key: 'commit', text }])
        if (!(await tail.until(() => tail.position > offset, this.left))) return false
        if (!counted()) this.lost.abort()
        return counted()
      } catch (error) {
        if (!(error instanceof AppendFailed) || error.outcome === 'never') throw error
        // Twins do not count: an append whose outcome is unknown is tried again.
        await wait(RETRY_MS, undefined, { ref: false })
      }
    }
    return counted()
  }
}

/** The offset of a new marker. A marker always counts, twins of it too: the last one opens the epoch. */
async function mark(
  { broker, partition, replica, graceMs }: OwnershipPorts,
  released: AbortSignal,
): Promise<number | undefined> {
  while (!released.aborted) {
    try {
      return await broker.append('commits', partition, [{ key: 'marker', text: encodeMarker(replica, graceMs) }])
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
