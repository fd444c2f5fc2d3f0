import fc from 'fast-check'
import type { Claim, Commit, Entry, Verdict } from '#libs/engine'
import { Processor, type InputRecord, type RecordProcessor, type Results, type StreamContext } from '#libs/processor'
import { lifeOf, sent, started } from '../../test/support/entries.js'
import { logClock, logged } from '../../test/support/log-clock.js'
import { echo, running } from '../../test/support/processing.js'
import { renewing } from '../../test/support/renewed-claims.js'
import { announcedSeed, seeded, type Random } from '../../test/support/random.js'
import { Replica, type ReplicaOptions } from '../../test/support/replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { until } from '../../test/support/until.js'
import { heldBytes } from '../../test/support/memory.js'
import type { BatchHandler, StreamOutcomes, StreamWork } from './batch.js'

const isSlow = ({ stream }: StreamWork): boolean => stream.startsWith('slow')

/** What `process` makes of a stream's work. */
const outcomesOf = async (process: BatchHandler, work: StreamWork): Promise<StreamOutcomes> => {
  const [outcomes] = await process([work])
  return (await outcomes) ?? { outcomes: [], again: false }
}

/** Works on slow streams that wait until the test has them done. */
class Held {
  readonly works: { readonly work: StreamWork; readonly done: () => void }[] = []

  readonly process: BatchHandler = async (batch) => {
    const quick = await echo(batch)
    return batch.map((work, index) => (isSlow(work) ? this.hold(work) : (quick[index] ?? this.hold(work))))
  }

  private async hold(work: StreamWork): Promise<StreamOutcomes> {
    await new Promise<void>((done) => this.works.push({ work, done }))
    return outcomesOf(echo, work)
  }
}

describe('a stream whose processor takes its time', () => {
  it('keeps no other stream waiting, and has its results in order in the end', async () => {
    const held = new Held()
    const replica = new Replica(await temporaryFolder(), { process: held.process })
    for (const stream of ['slow', 'quick']) await replica.append(started(stream))
    for (let n = 1; n <= 10; n++) {
      await replica.append(sent('slow', [n]))
      await replica.append(sent('quick', [n]))
      await until(`result ${n} is there`, () => replica.results(lifeOf('quick')).length === n)
    }
    expect(replica.results(lifeOf('slow'))).toEqual([])
    expect(replica.view.spread(0)?.behind).toEqual([['slow', 2, expect.any(Number)]])
    expect(replica.view.to(0)).toBe(2)
    const processed = replica.processed()
    held.works[0]?.done()
    await until('it is asked for the rest', () => held.works[1])
    held.works[1]?.done()
    await processed
    expect(replica.results(lifeOf('slow'))).toEqual(replica.results(lifeOf('quick')))
    expect(replica.view.spread(0)).toBeUndefined()
  })

  it('is known to be behind by whoever takes the partition, and that is said again at once', async () => {
    const folder = await temporaryFolder()
    const former = new Replica(folder, { process: new Held().process })
    for (const stream of ['slow', 'quick']) await former.append(started(stream))
    await former.append(sent('slow', [1]))
    await former.append(sent('quick', [2]))
    await former.append(sent('quick', [3]))
    await until('the others have gone on', () => former.results(lifeOf('quick')).length === 2)
    await former.settled()
    const held = new Held()
    const next = new Replica(folder, { process: held.process, idle: true })
    const commits: Commit[] = []
    next.view.applied.subscribe((commit) => commits.push(commit))
    next.work()
    await until('it is asked for the first', () => held.works[0])
    await next.append(sent('quick', [4]))
    await until('the others go on', () => next.results(lifeOf('quick')).length === 3)
    expect(commits[0]).toMatchObject({ to: 2, spread: { taken: 5, behind: [['slow', 2, expect.any(Number)]] } })
    expect(held.works).toHaveLength(1)
    expect(next.results(lifeOf('quick'))).toEqual(['2', '3', '4'])
  })

  it('can be read as far as it has come, whatever is still to come', async () => {
    const held = new Held()
    const inPart: BatchHandler = async (batch) =>
      (await held.process(batch)).map(async (answer) => {
        const { outcomes, again } = await answer
        return { outcomes: outcomes.slice(0, 1), again }
      })
    const replica = new Replica(await temporaryFolder(), { process: inPart })
    await replica.append(started('slow'))
    await replica.append(sent('slow', [1, 2, 3]))
    for (let n = 1; n <= 3; n++) {
      await until(`it is asked for record ${n}`, () => held.works[n - 1])
      expect(replica.results(lifeOf('slow'))).toHaveLength(n - 1)
      held.works[n - 1]?.done()
    }
    await replica.processed()
    expect(replica.results(lifeOf('slow'))).toEqual(['1', '2', '3'])
  })

  it('keeps nothing of what is done, however long it is behind', async () => {
    const held = new Held()
    const silent: BatchHandler = async (batch) =>
      (await held.process(batch)).map(async (answer) => {
        const { outcomes, again } = await answer
        return { outcomes: outcomes.map(() => ({ lines: [], timer: undefined })), again }
      })
    const replica = new Replica(await temporaryFolder(), { process: silent })
    await replica.append(started('slow'))
    const send = (): Promise<number> => replica.append(sent('slow', ['x'.repeat(1_000_000)]))
    await send()
    const before = heldBytes()
    for (let n = 0; n < 100; n++) {
      const { done } = await until(`it is asked for record ${n}`, () => held.works.pop())
      await send()
      await until('the next one waits', () => replica.view.taken(0) === replica.engine.end())
      done()
    }
    expect(heldBytes() - before).toBeLessThan(30_000_000)
  })

  it('is one of many, more than are left to themselves at once', async () => {
    const process: BatchHandler = async (batch) =>
      (await echo(batch)).map(async (answer) => {
        for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
        return answer
      })
    const replica = new Replica(await temporaryFolder(), { process, patienceMs: 0, idle: true })
    const streams = Array.from({ length: 1_050 }, (_, n) => `slow-${n}`)
    for (const stream of streams) void replica.append(started(stream))
    for (const stream of [...streams, ...streams]) void replica.append(sent(stream, [stream]))
    let behind = 0
    replica.view.applied.subscribe(({ spread }) => (behind = Math.max(behind, spread?.behind.length ?? 0)))
    replica.work()
    await replica.append(sent('slow-0', ['last']))
    await replica.processed()
    for (const stream of streams.slice(1)) expect(replica.results(lifeOf(stream))).toHaveLength(2)
    expect(behind).toBe(1_000)
  }, 60_000)
})

describe('an owner that fails', () => {
  it('takes nothing back of what a stream that is behind has committed meanwhile', async () => {
    const folder = await temporaryFolder()
    const held = new Held()
    let fail: (error: Error) => void = () => undefined
    const process: BatchHandler = (batch) =>
      batch.some(({ stream }) => stream === 'bad')
        ? new Promise((_, reject) => (fail = reject))
        : held.process(batch).then((all) => all.map(async (answer) => ({ ...(await answer), again: false })))
    // That nothing more is read takes a while, on Kafka.
    const claims = async function* (claim: Claim): AsyncGenerator<Claim> {
      await Promise.resolve()
      yield {
        ...claim,
        async *read() {
          try {
            yield* claim.read()
          } finally {
            await new Promise(setImmediate)
          }
        },
      }
    }
    const replica = new Replica(folder, { process, claims })
    for (const stream of ['slow', 'quick', 'bad']) await replica.append(started(stream))
    await replica.append(sent('slow', [1]))
    await replica.append({ kind: 'end', stream: 'quick' })
    await until('the quick one is over', () => replica.view.headers.get('quick')?.status === 'ended')
    await replica.append(started('quick', 2))
    await until(
      'the quick one lives again',
      () => replica.view.headers.get('quick')?.incarnation === lifeOf('quick', 2),
    )
    const failing = jest.fn()
    replica.owned.catch(failing)
    await replica.append(sent('bad', [1]))
    const { done } = await until('the slow one is at work', () => held.works[0])
    await until('the bad one is at work', () => fail.length === 1)
    done()
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    fail(new Error('the host is broken'))
    await until('the owner has failed', () => failing.mock.calls.length === 1)
    await replica.close()
    const next = new Replica(folder)
    await next.processed()
    // Its second life has no end, unless the log is taken again from before the end of the first one.
    expect(next.view.headers.get('quick')).toMatchObject({ incarnation: lifeOf('quick', 2), status: 'open' })
    expect(next.results(lifeOf('slow'))).toEqual(['1'])
    expect(next.results(lifeOf('bad'))).toEqual(['1'])
  })
})

/** Tells the sum so far for each record, and again 25 ms after the first that was not told of, and at the end. */
@Processor('summing')
class Summing implements RecordProcessor<number> {
  process({ value, at }: InputRecord<number>, stream: StreamContext): Results {
    if (value === 5) throw new Error('five')
    const sum = this.sum(stream) + value
    stream.state.set('sum', sum)
    stream.timer ??= at + 25
    return [sum]
  }

  onTimer(at: number, stream: StreamContext): Results {
    return [{ at, sum: this.sum(stream) }]
  }

  onEnd(_at: number, stream: StreamContext): Results {
    return [{ end: this.sum(stream) }]
  }

  private sum({ state }: StreamContext): number {
    return state.get<number>('sum') ?? 0
  }
}

const STREAMS = ['slow-a', 'slow-b', 'quick'] as const

const LIVES = STREAMS.flatMap((stream) => [1, 2, 3].map((life) => [stream, life] as const))

const life = fc.constantFrom(...LIVES)

const step: fc.Arbitrary<Entry> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.constantFrom(...STREAMS), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }))
      .map(([stream, values]) => sent(stream, values)),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(life, fc.constantFrom('k', 'l'))
      .map(([[stream, number], key]) => sent(stream, [3, 4], { key, hash: 'h' }, number)),
  },
  { weight: 1, arbitrary: fc.constantFrom(...STREAMS).map((stream): Entry => ({ kind: 'end', stream })) },
  { weight: 1, arbitrary: fc.constantFrom(...STREAMS).map((stream): Entry => ({ kind: 'delete', stream })) },
  { weight: 3, arbitrary: life.map(([stream, number]) => started(stream, number)) },
  {
    weight: 2,
    arbitrary: fc.array(life, { minLength: 1, maxLength: 4 }).map((lives): Entry => ({
      kind: 'seal',
      streams: lives.map(([stream, number]) => [stream, lifeOf(stream, number)]),
    })),
  },
  {
    weight: 1,
    arbitrary: life.map(([stream, n]): Entry => ({ kind: 'alive', streams: [[stream, lifeOf(stream, n)]] })),
  },
  {
    weight: 1,
    arbitrary: life.map(([stream, n]): Entry => ({ kind: 'replay', stream, incarnation: lifeOf(stream, n), seq: 2 })),
  },
  { weight: 2, arbitrary: fc.constant<Entry>({ kind: 'tick', asOf: Number.MAX_SAFE_INTEGER }) },
)

const entriesOf = (steps: readonly Entry[]): Entry[] =>
  [...STREAMS.map((stream) => started(stream, 1, { idleTimeoutMs: 200 })), ...steps].map((entry, index) =>
    'stream' in entry ? { ...entry, ticket: `${index}` } : entry,
  )

/** What can be known of a run when it is over. */
function told(replicas: readonly Replica[], commits: readonly Commit[]): unknown {
  const last = replicas.at(-1)
  const verdicts = new Map<string, Verdict>(commits.flatMap((commit) => commit.verdicts))
  return {
    results: LIVES.map(([stream, number]) => last?.results(lifeOf(stream, number))),
    headers: STREAMS.map((stream) => {
      const { closedAt: _, ...header } = last?.view.headers.get(stream) ?? {}
      return header
    }),
    verdicts: [...verdicts].sort(([a], [b]) => Number(a) - Number(b)),
  }
}

/** Everything in the log is processed, the seals too that its owner appends. */
async function finished(replica: Replica): Promise<void> {
  await replica.processed()
  await until('all that closes is over', () =>
    [...replica.view.headers.active.values()].every((h) => h.status === 'open'),
  )
  await replica.processed()
}

const plan = fc.record({
  steps: fc.array(step, { minLength: 4, maxLength: 25 }),
  maxCommitChars: fc.constantFrom(40, 100_000),
  choices: fc.integer(),
})

const inOneGo = running(new Summing())

/** The same, but of slow streams most answers come late, and in part. */
const inItsTime =
  (random: Random): BatchHandler =>
  async (batch) =>
    (await inOneGo(batch)).map((answer, index) => {
      const [work, turns, count] = [batch[index], random.int(0, 8), random.int(1, 4)]
      return work === undefined || !isSlow(work) || random.chance(0.2) ? answer : late(answer, turns, count)
    })

async function late(
  answer: StreamOutcomes | Promise<StreamOutcomes>,
  turns: number,
  count: number,
): Promise<StreamOutcomes> {
  for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
  const { outcomes } = await answer
  return { outcomes: outcomes.slice(0, count), again: false }
}

describe('streams whose processors take their time', () => {
  logClock()

  it('have the results, the answers and the ends of those that take none, wherever crashes fall', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ steps, maxCommitChars, choices }) => {
        const entries = entriesOf(steps)
        const commits: Commit[] = []
        const options = { process: inOneGo, maxCommitChars, maxUnsettledChars: 1, patienceMs: 0 }
        const reference = await logged(entries, await temporaryFolder(), options)
        reference.view.applied.subscribe((commit) => commits.push(commit))
        reference.work()
        await finished(reference)
        const expected = told([reference], commits)
        await reference.close()
        const random = seeded(choices)
        const slowly = inItsTime(random)
        for (let crash = 1; ; crash += random.int(1, 4)) {
          const folder = await temporaryFolder()
          const first = await logged(entries, folder, { ...options, process: slowly })
          const seen: Commit[] = []
          first.view.applied.subscribe((commit) => seen.push(commit))
          const made = first.made(crash).then(() => false)
          const done = (async (): Promise<boolean> => {
            await finished(first)
            return true
          })()
          done.catch(() => undefined)
          first.work()
          const isDone = await Promise.race([made, done])
          const second = new Replica(folder, { ...options, process: slowly, idle: true })
          second.view.applied.subscribe((commit) => seen.push(commit))
          second.work()
          await finished(second)
          expect(told([first, second], seen)).toEqual(expected)
          await second.close()
          if (isDone) return
        }
      }),
      { seed: announcedSeed('stragglers.spec'), numRuns: 6 },
    )
  }, 120_000)
})

describe('streams whose processors take their time, in a partition that is taken anew again and again', () => {
  logClock()

  it('have the results, the answers and the ends of those that take none', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ steps, maxCommitChars, choices }) => {
        const entries = [...entriesOf(steps), sent('quick', [1])]
        const random = seeded(choices)
        const twins = new Set(entries.flatMap((_, offset) => (random.chance(0.15) ? [offset] : [])))
        const isTwin = (offset: number): boolean => offset < entries.length - 1 && twins.has(offset)
        const options = { process: inOneGo, maxCommitChars, patienceMs: 0 }
        const toldBy = async (each: ReplicaOptions): Promise<unknown> => {
          const replica = await logged(entries, await temporaryFolder(), { ...options, ...each })
          const commits: Commit[] = []
          replica.view.applied.subscribe((commit) => commits.push(commit))
          replica.work()
          await Promise.race([finished(replica), replica.owned])
          const all = told([replica], commits)
          await replica.close()
          return all
        }
        const expected = await toldBy({ claims: renewing(random, 0, isTwin) })
        const slowly = inItsTime(random)
        for (let run = 0; run < 3; run++)
          expect(
            await toldBy({
              process: slowly,
              claims: renewing(random, 6, isTwin),
              maxUnsettledChars: random.pick([1, 1_000_000]),
            }),
          ).toEqual(expected)
      }),
      { seed: announcedSeed('renewed stragglers'), numRuns: 10 },
    )
  }, 500_000)
})
