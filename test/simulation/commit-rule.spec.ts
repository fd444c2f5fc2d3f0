import { AppendIdentities, CommitRule, type AppendIdentity } from '#libs/engine'
import { announcedSeed, seeded, type Random } from '../support/random.js'

/** What is under test, and what of it a mutant leaves out. */
interface Parts {
  readonly newRule: () => CommitRule
  readonly newIdentities: (table?: AppendIdentities) => AppendIdentities
}

const whole: Parts = {
  newRule: () => new CommitRule(),
  newIdentities: (table) => new AppendIdentities(table),
}

type Streams = ReadonlyMap<string, number>

/** Input: each entry adds one to its stream. */
interface Input {
  readonly stream: string
  readonly value: number
  readonly identity: AppendIdentity
}

interface Result {
  readonly stream: string
  readonly seq: number
  readonly value: number
}

type LogRecord =
  | { readonly kind: 'marker' }
  | {
      readonly kind: 'commit'
      readonly epoch: number
      readonly n: number
      readonly to: number
      readonly identities: AppendIdentities
      readonly streams: Streams
      readonly results: readonly Result[]
    }

type CommitRecord = Extract<LogRecord, { kind: 'commit' }>

/** All that a reader of the commit log makes of it. A commit here holds all of the state, so that a late reader needs no more. */
class Reader {
  readonly rule: CommitRule
  to = 0
  identities: AppendIdentities
  streams: Streams = new Map()
  readonly results: Result[] = []
  private read: number

  constructor(parts: Parts, from = 0) {
    this.rule = parts.newRule()
    this.identities = parts.newIdentities()
    this.read = from
  }

  catchUp(log: readonly LogRecord[]): void {
    for (const record of log.slice(this.read)) {
      const offset = this.read++
      if (record.kind === 'marker') this.rule.mark(offset)
      else if (this.rule.counts(record)) this.apply(record)
    }
  }

  private apply({ to, identities, streams, results }: CommitRecord): void {
    Object.assign(this, { to, identities, streams })
    this.results.push(...results)
  }
}

/** Takes the partition with a marker, reads the log up to it, and goes on from there on a state of its own. */
class Owner {
  private readonly epoch: number
  private n = 0
  private to: number
  private streams: Streams
  private readonly identities: AppendIdentities

  constructor(
    private readonly parts: Parts,
    log: LogRecord[],
  ) {
    this.epoch = log.push({ kind: 'marker' }) - 1
    const reader = new Reader(parts)
    reader.catchUp(log)
    this.to = reader.to
    this.streams = reader.streams
    this.identities = parts.newIdentities(reader.identities)
  }

  /** Whether the log still is this owner's. */
  isInStep(log: readonly LogRecord[]): boolean {
    const reader = new Reader(this.parts)
    reader.catchUp(log)
    return reader.rule.reached.epoch === this.epoch && reader.rule.reached.n === this.n
  }

  commit(input: readonly Input[], size: number): CommitRecord | undefined {
    const to = Math.min(this.to + size, input.length)
    if (to === this.to) return undefined
    const streams = new Map(this.streams)
    const results: Result[] = []
    for (const { stream, value, identity } of input.slice(this.to, to)) {
      if (!this.identities.admits(identity, 0)) continue
      const seq = (streams.get(stream) ?? 0) + 1
      streams.set(stream, seq)
      results.push({ stream, seq, value })
    }
    this.to = to
    this.streams = streams
    const identities = this.parts.newIdentities(this.identities)
    return { kind: 'commit', epoch: this.epoch, n: ++this.n, to, identities, streams, results }
  }
}

/** What a random schedule left behind: of appends, some twice; of owners that come, pause, die, write late, twice or not at all. */
function schedule(
  parts: Parts,
  random: Random,
): { readonly input: readonly Input[]; readonly log: readonly LogRecord[] } {
  const input: Input[] = []
  const log: LogRecord[] = []
  const late: LogRecord[] = []
  const counts = new Map<string, number>()
  let owners: Owner[] = []

  const append = (): void => {
    const replica = random.pick(['r0', 'r1'])
    const seq = (counts.get(replica) ?? 0) + 1
    counts.set(replica, seq)
    const entry = { stream: random.pick(['a', 'b', 'c']), value: input.length, identity: { replica, seq } }
    input.push(entry)
    if (random.chance(0.1)) input.push(entry)
  }

  const work = (index: number): void => {
    let [owner = new Owner(parts, log)] = owners.slice(index)
    // It reads on at times; out of step, it takes the partition anew.
    if (random.chance(0.3) && !owner.isInStep(log)) owner = new Owner(parts, log)
    owners[index] = owner
    const commit = owner.commit(input, random.int(1, 4))
    if (commit === undefined) return
    const fate = random.int(1, 20)
    if (fate <= 16) log.push(commit)
    if (fate >= 15 && fate <= 18) late.push(commit)
    if (fate === 20) owners.splice(index, 1)
  }

  for (let step = random.int(30, 150); step > 0; step--) {
    if (random.chance(0.4)) append()
    else if (random.chance(0.15)) owners = [...owners.slice(-4), new Owner(parts, log)]
    else work(random.int(0, Math.max(0, owners.length - 1)))
    if (random.chance(0.05)) log.push({ kind: 'marker' })
    if (late.length > 0 && random.chance(0.2)) log.push(...late.splice(random.int(0, late.length - 1), 1))
  }
  log.push(...late)
  const last = new Owner(parts, log)
  for (let commit = last.commit(input, 3); commit !== undefined; commit = last.commit(input, 3)) log.push(commit)
  return { input, log }
}

/** What the results should be: each entry once, in order, numbered from 1 in its stream. */
function expected(input: readonly Input[]): Result[] {
  const seqs = new Map<string, number>()
  return [...new Set(input)].map(({ stream, value }) => {
    const seq = (seqs.get(stream) ?? 0) + 1
    seqs.set(stream, seq)
    return { stream, seq, value }
  })
}

/** What is wrong with what readers make of one schedule; undefined if nothing is. */
function violation(parts: Parts, seed: number): string | undefined {
  const random = seeded(seed)
  const { input, log } = schedule(parts, random)
  const full = new Reader(parts)
  full.catchUp(log)
  if (JSON.stringify(full.results) !== JSON.stringify(expected(input))) return `seed ${seed}: wrong results`
  const late = new Reader(parts, random.int(0, log.length - 1))
  late.catchUp(log)
  const tail = full.results.slice(full.results.length - late.results.length)
  if (JSON.stringify(late.results) !== JSON.stringify(tail)) return `seed ${seed}: a late reader disagrees`
  return undefined
}

const SCHEDULES = 2_000

/** The first violations among many schedules. */
function violations(parts: Parts, base: number): string[] {
  const found: string[] = []
  for (let index = 0; index < SCHEDULES && found.length < 3; index++) {
    const one = violation(parts, (base + index) >>> 0)
    if (one !== undefined) found.push(one)
  }
  return found
}

class AnyEpoch extends CommitRule {
  override counts({ n }: { n: number }): boolean {
    return super.counts({ epoch: this.reached.epoch, n })
  }
}

class AnyNumber extends CommitRule {
  override counts({ epoch }: { epoch: number }): boolean {
    return super.counts({ epoch, n: this.reached.n + 1 })
  }
}

class NoTwins extends AppendIdentities {
  override admits(): boolean {
    return true
  }
}

describe('the commit rule', () => {
  const seed = announcedSeed('commit-rule.spec')

  it('gives every reader each entry once and in order, whatever owners and client libraries do', () => {
    expect(violations(whole, seed)).toEqual([])
  })

  it.each([
    ['the epoch', { ...whole, newRule: () => new AnyEpoch() }],
    ['the number', { ...whole, newRule: () => new AnyNumber() }],
    ['the identity of appends', { ...whole, newIdentities: () => new NoTwins() }],
  ] as const)('needs %s', (_name, parts) => {
    expect(violations(parts, seed)).not.toEqual([])
  })

  it('goes on where it was left', () => {
    const rule = new CommitRule({ epoch: 7, n: 2 })
    expect(rule.counts({ epoch: 7, n: 2 })).toBe(false)
    expect(rule.counts({ epoch: 7, n: 3 })).toBe(true)
    expect(rule.reached).toEqual({ epoch: 7, n: 3 })
  })

  it('counts nothing before the first marker', () => {
    expect(new CommitRule().counts({ epoch: 0, n: 1 })).toBe(false)
  })
})
