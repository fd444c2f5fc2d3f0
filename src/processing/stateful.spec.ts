import fc from 'fast-check'
import type { Entry } from '#libs/engine'
import {
  Processor,
  Trial,
  type InputRecord,
  type RecordProcessor,
  type Results,
  type StreamContext,
} from '#libs/processor'
import { lifeOf, sent, started } from '../../test/support/entries.js'
import { schedules } from '../../test/support/form.js'
import { FIRST_AT, logClock, logged, STEP_MS } from '../../test/support/log-clock.js'
import { running } from '../../test/support/processing.js'
import { announcedSeed } from '../../test/support/random.js'
import { Replica } from '../../test/support/replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'

const LIFE = lifeOf('s')

/** Tells the sum so far for each record, and again 25 ms after the first that was not told of, and at the end. */
@Processor('summing', { deterministic: true })
class Summing implements RecordProcessor<number> {
  *process({ value, at }: InputRecord<number>, stream: StreamContext): Results {
    const sum = this.sum(stream) + value
    stream.state.set('sum', sum)
    stream.state.set(`seen/${value}`, true)
    stream.timer ??= at + 25
    yield sum
    if (value < 0) throw new Error('negative')
    if (value > 5) stream.state.delete('seen/1')
  }

  onTimer(at: number, stream: StreamContext): Results {
    return [{ at, sum: this.sum(stream), seen: [...stream.state.keys('seen/')] }]
  }

  onEnd(at: number, stream: StreamContext): Results {
    return [{ end: at, sum: this.sum(stream) }]
  }

  private sum({ state }: StreamContext): number {
    return state.get<number>('sum') ?? 0
  }
}

/** The same, but not said to be deterministic. */
@Processor('summing-late')
class SummingLate extends Summing {}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(fc.integer({ min: -1, max: 9 }), { minLength: 1, maxLength: 4 }).map((values) => ({ values })),
  },
  { weight: 2, arbitrary: fc.record({ values: fc.constant([3, 4]), key: fc.constantFrom('k', 'l') }) },
  { weight: 2, arbitrary: fc.constant({ tick: true as const }) },
)
type Step = { values: number[]; key?: string } | { tick: true }

const ending: readonly Entry[] = [
  { kind: 'end', stream: 's' },
  { kind: 'seal', streams: [['s', LIFE]] },
]

const entriesOf = (steps: readonly Step[]): Entry[] => [
  started('s'),
  ...steps.map((each): Entry => {
    if ('tick' in each) return { kind: 'tick', asOf: Number.MAX_SAFE_INTEGER }
    return sent('s', each.values, each.key === undefined ? undefined : { key: each.key, hash: 'h' })
  }),
  ...ending,
]

/** The results there must be, as far as a trial of the processor can tell. */
function expected(steps: readonly Step[]): unknown[] {
  const trial = new Trial(new Summing())
  const keys = new Set<string>()
  const results = steps.flatMap((each, index) => {
    const at = FIRST_AT + (index + 1) * STEP_MS
    if ('tick' in each) return trial.tick(at)
    if (each.key !== undefined && keys.has(each.key)) return []
    if (each.key !== undefined) keys.add(each.key)
    return trial.send(each.values, at)
  })
  return [...results, ...trial.end(FIRST_AT + (steps.length + 2) * STEP_MS)]
}

const resultsOf = (replica: Replica): unknown[] =>
  replica.results(LIFE).map((line) => {
    const { data, code } = JSON.parse(line) as { data?: unknown; code?: string }
    return code === undefined ? { data } : { error: code }
  })

describe("a processor's state", () => {
  logClock()

  it.each([
    ['results before they are on the disk', new Summing()],
    ['results from the disk alone', new SummingLate()],
  ])(
    'moves with the results: %s, whatever is sent, and wherever crashes fall, they are those of one uninterrupted run',
    async (_how, processor) => {
      const crash = fc.record({
        steps: fc.array(step, { maxLength: 12 }),
        maxCommitChars: fc.constantFrom(60, 200, 100_000),
        together: fc.constantFrom(1, 40, 100_000),
      })
      await fc.assert(
        fc.asyncProperty(crash, async ({ steps, maxCommitChars, together }) => {
          // Each commit is on the disk before the next is made, so that every one of them is a place to crash at.
          const options = { process: running(processor, undefined, together), maxCommitChars, maxUnsettledChars: 1 }
          const results = expected(steps as Step[])
          for (let commits = 1; ; commits++) {
            const folder = await temporaryFolder()
            const replica = await logged(entriesOf(steps as Step[]), folder, options)
            const finished = replica.processed().then(() => true)
            const made = replica.made(commits).then(() => false)
            replica.work()
            const isFinished = await Promise.race([made, finished])
            const second = new Replica(folder, options)
            await second.processed()
            expect(resultsOf(second)).toEqual(results)
            await second.close()
            if (isFinished) return
          }
        }),
        { seed: announcedSeed('stateful.spec'), numRuns: schedules(12) },
      )
    },
    60_000,
  )
})
