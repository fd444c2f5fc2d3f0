import { ApiError, ERRORS } from '#libs/contract'
import { AppendIdentities, CommitRule } from '#libs/engine'

import { KafkaReplica } from '../support/kafka-replica.js'
import { MemoryCluster, type Faults } from '../support/memory-broker.js'
import { announcedSeed, seeded, type Random } from '../support/random.js'
import { until } from '../support/until.js'

const SCHEDULES = 40
const MUTANT_SCHEDULES = 20
/** They take some 10 s; a machine that is busy with other tests is no violation. Of a mutant a schedule that gets nowhere is one. */
const PATIENCE_MS = 60_000
const MUTANT_PATIENCE_MS = 10_000
const LIMIT_MS = 120_000
const STEPS = 40
const STREAMS = ['a', 'b', 'c', 'd'] as const
const limits = { graceMs: 30, appendTimeoutMs: 2_000 }

type Outcome = 'acked' | 'unknown' | 'refused'

interface Send {
  readonly stream: string
  readonly value: number
  outcome?: Outcome
}

class World {
  readonly cluster: MemoryCluster
  readonly sends: Send[] = []
  private replicas: KafkaReplica[] = []
  private readonly calls: Promise<void>[] = []
  private faulty = false

  constructor(
    private readonly random: Random,
    private readonly patienceMs: number,
  ) {
    const faults: Faults = {
      append: () => {
        if (!this.faulty || !random.chance(0.15)) return 'none'
        return random.pick(['refused', 'lost', 'doubled', 'unanswered', 'late'])
      },
    }
    this.cluster = new MemoryCluster(2, faults)
  }

  async run(): Promise<void> {
    await this.arrive()
    for (const stream of STREAMS) await this.replica().lifecycle.start(stream, {})
    this.faulty = true
    for (let step = 0; step < STEPS; step++) {
      const choice = this.random.int(0, 19)
      if (choice < 15) this.send()
      else if (choice === 15) await this.arrive()
      else if (choice === 16) await this.crash()
      else for (let turns = this.random.int(1, 40); turns > 0; turns--) await new Promise(setImmediate)
    }
    await Promise.all(this.calls)
    this.faulty = false
  }

  /** What a replica that starts now makes of the logs. */
  async judge(): Promise<KafkaReplica> {
    const last = await KafkaReplica.start(this.cluster.broker(), { ...limits, verdictTimeoutMs: this.patienceMs })
    // Behind all there is; a twin at the end of the input would not do.
    for (let partition = 0; partition < this.cluster.partitions; partition++) {
      const offset = await until(
        'the log takes an entry',
        () =>
          // The loop of a busy machine may stand still for longer than an append is tried.
          last.engine.append(partition, { kind: 'tick', asOf: 0 }).catch(() => undefined),
        this.patienceMs,
      )
      await until('all is processed', () => last.view.to(partition) > offset, this.patienceMs)
    }
    return last
  }

  async end(): Promise<void> {
    for (const replica of this.replicas) await replica.leave()
  }

  get failures(): unknown[] {
    return this.replicas.flatMap(({ failures }) => failures)
  }

  private replica(): KafkaReplica {
    const [first, ...others] = this.replicas
    if (first === undefined) throw new Error('there is no replica')
    return this.random.pick([first, ...others])
  }

  /** The newest replica is assigned all partitions, and those before it are not told. */
  private async arrive(): Promise<void> {
    this.replicas.push(
      await KafkaReplica.start(this.cluster.broker(), { ...limits, verdictTimeoutMs: this.patienceMs }),
    )
  }

  private async crash(): Promise<void> {
    // The owner too: nobody is told, and nothing is processed until the next one arrives.
    const victim = this.replica()
    this.replicas = this.replicas.filter((replica) => replica !== victim)
    await victim.leave()
    await this.arrive()
  }

  private send(): void {
    const send: Send = { stream: this.random.pick(STREAMS), value: this.sends.length }
    this.sends.push(send)
    const replica = this.replica()
    this.calls.push(
      Promise.race([replica.send(send.stream, send.value), replica.killed]).then(
        () => void (send.outcome = 'acked'),
        (error: unknown) => void (send.outcome = isRefusal(error) ? 'refused' : 'unknown'),
      ),
    )
  }
}

const isRefusal = (error: unknown): boolean =>
  error instanceof ApiError && ERRORS[error.code].outcome === 'nothing-happened'

/** What is wrong with the outcome of one schedule, if anything. */
async function violation(seed: number, patienceMs: number): Promise<string | undefined> {
  const world = new World(seeded(seed), patienceMs)
  try {
    await world.run()
    const last = await world.judge()
    const results = new Map<string, readonly unknown[]>(STREAMS.map((stream) => [stream, last.results(stream)]))
    for (const { stream, value, outcome } of world.sends) {
      const found = results.get(stream)?.filter((result) => result === value).length ?? 0
      const wanted = outcome === 'acked' ? [1] : outcome === 'refused' ? [0] : [0, 1]
      if (!wanted.includes(found)) return `seed ${seed}: ${outcome} ${value} is in ${stream} ${found} times`
    }
    return world.failures.length === 0 ? undefined : `seed ${seed}: ${world.failures.map(String).join('; ')}`
  } catch (error) {
    return `seed ${seed}: ${String(error)}`
  } finally {
    await world.end()
  }
}

/** Schedules wait more than they work, so many run beside each other. */
async function violations(seed: number, schedules: number, patienceMs: number): Promise<string[]> {
  const found = await Promise.all(
    Array.from({ length: schedules }, (_, schedule) => violation(seed + schedule, patienceMs)),
  )
  return found.filter((text) => text !== undefined)
}

describe('replicas on logs that lose, double and delay appends', () => {
  const seed = announcedSeed('kafka-engine.spec')
  afterEach(() => jest.restoreAllMocks())

  it(
    'lose nothing that was acked, and double nothing',
    async () => {
      expect(await violations(seed, SCHEDULES, PATIENCE_MS)).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    'double something where twins of appends are not told',
    async () => {
      jest.spyOn(AppendIdentities.prototype, 'admits').mockReturnValue(true)
      expect(await violations(seed, MUTANT_SCHEDULES, MUTANT_PATIENCE_MS)).not.toEqual([])
    },
    LIMIT_MS,
  )

  it(
    'lose or double something where commits of former owners count',
    async () => {
      jest.spyOn(CommitRule.prototype, 'counts').mockImplementation(function (this: CommitRule, { epoch, n }) {
        Object.assign(this, { state: { epoch: Math.max(this.reached.epoch, epoch), n } })
        return true
      })
      expect(await violations(seed, MUTANT_SCHEDULES, MUTANT_PATIENCE_MS)).not.toEqual([])
    },
    LIMIT_MS,
  )
})
