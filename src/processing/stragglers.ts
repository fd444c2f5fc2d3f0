import type { Commit, Spread, StoredEntry, StreamRef } from '#libs/engine'
import type { StreamOutcomes } from './batch.js'
import { Held } from './held.js'
import { Straggler, type StragglerPorts } from './straggler.js'

/** At most, at once: each is named in every commit, in some 60 characters. When there are as many, all wait for the next one. */
const MOST = 1_000

/** What may wait for them, in characters. When there is more, nothing is read until they have come on. */
const MOST_CHARS = 32 * 1024 * 1024

/** The streams of a partition that are behind the others, since their processors take their time. */
export class Stragglers {
  private readonly all = new Map<string, Straggler>()
  private readonly ports: StragglerPorts
  private readonly pending = new Held(MOST_CHARS)
  private stopped = false

  /**
   * @param before what the former owner has committed
   * @param read offset of the first entry there will be
   */
  constructor(
    ports: Omit<StragglerPorts, 'stopped' | 'caughtUp' | 'pending' | 'answered'>,
    private readonly before: Spread,
    private read: number,
  ) {
    this.ports = {
      ...ports,
      pending: this.pending,
      answered: new Held(2 * ports.maxCommitChars),
      stopped: () => this.stopped,
      caughtUp: (stream) => {
        if (!this.isReplay) this.all.delete(stream)
      },
    }
    for (const [stream, offset] of before.behind) this.all.set(stream, new Straggler(stream, offset, this.ports))
  }

  has(stream: string): boolean {
    return this.all.has(stream)
  }

  /** Takes a stream apart whose processor was asked for `first`; false if there are too many. Then its entries are to be left to it. */
  open(stream: string, first: Promise<StreamOutcomes>): boolean {
    if (this.all.size >= MOST) return false
    this.all.set(stream, new Straggler(stream, 0, this.ports, first))
    return true
  }

  leave(stream: string, entry: StoredEntry): void {
    this.all.get(stream)?.add(entry)
  }

  /** Leaves to stragglers what of the next entry is for them; returns what of it is for the other streams. */
  divert(entry: StoredEntry): StoredEntry | undefined {
    const isReplay = entry.offset < this.before.taken
    const others = this.all.size === 0 ? entry : this.leaving(entry)
    this.read = entry.offset + 1
    if (isReplay && !this.isReplay)
      for (const [stream, { offset }] of this.all) if (offset === undefined) this.all.delete(stream)
    return isReplay ? undefined : others
  }

  /** How far all streams have come, and which are behind the others, who have come to `taken`. */
  place(taken: number): Pick<Commit, 'to' | 'spread'> {
    const behind = [...this.all].flatMap(([stream, { offset, since, chars }]) => {
      const first = offset ?? (this.isReplay ? Math.max(since, this.read) : undefined)
      return first === undefined ? [] : [[stream, first, chars] as const]
    })
    const to = Math.min(taken, this.isReplay ? this.read : taken, ...behind.map(([, offset]) => offset))
    return behind.length === 0 && to === taken ? { to } : { to, spread: { taken, behind } }
  }

  /** Resolves when what waits for them is within the bound. */
  room(): Promise<void> {
    return this.pending.room()
  }

  /** None of them has another turn. */
  stop(): void {
    this.stopped = true
    this.pending.release()
  }

  /** Whether the next entry may be one that the former owner took for all other streams. */
  private get isReplay(): boolean {
    return this.read < this.before.taken
  }

  private leaving(entry: StoredEntry): StoredEntry | undefined {
    if (entry.kind === 'tick') {
      for (const straggler of this.all.values()) straggler.add(entry)
      return entry
    }
    if ('stream' in entry) {
      this.leave(entry.stream, entry)
      return this.has(entry.stream) ? undefined : entry
    }
    const mine = new Map<string, StreamRef[]>()
    for (const ref of entry.streams) if (this.has(ref[0])) mine.set(ref[0], [...(mine.get(ref[0]) ?? []), ref])
    for (const [stream, streams] of mine) this.leave(stream, { ...entry, streams })
    return { ...entry, streams: entry.streams.filter(([id]) => !mine.has(id)) }
  }
}
