import fc from 'fast-check'
import { errorResult, successResult } from '#libs/contract'
import { charsOf, type Entry } from '#libs/engine'
import { Processor, type InputRecord, type RecordProcessor, type StreamContext } from '#libs/processor'
import { lifeOf, sent, started } from '../../test/support/entries.js'
import { schedules } from '../../test/support/form.js'
import { FIRST_AT, logClock, logged, STEP_MS } from '../../test/support/log-clock.js'
import { running } from '../../test/support/processing.js'
import { announcedSeed } from '../../test/support/random.js'
import { Replica, type ReplicaOptions } from '../../test/support/replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import type { BatchHandler } from './batch.js'

const LIFE = lifeOf('s')
/** For which a result is kept, in log time. */
const KEPT_MS = 95
const MAX_BYTES = 3 * 1_024

/** A number, and something that makes the record large. */
type Value = readonly [number, string]

/** Fails on numbers below 0, until it is switched by a 0; large numbers give two results. */
@Processor('picky', { deterministic: true })
class Picky implements RecordProcessor<Value> {
  process({ value: [number] }: InputRecord<Value>, { state }: StreamContext): readonly number[] {
    const isPatient = state.get<boolean>('patient') ?? false
    if (number === 0) state.set('patient', !isPatient)
    if (number < 0 && !isPatient) throw new Error('negative')
    return number > 5 ? [number, number] : [number]
  }
}

/** The same, but not said to be deterministic. */
@Processor('picky-late')
class PickyLate extends Picky {}

type Step = { readonly values: readonly Value[] } | { readonly replay: number } | { readonly tick: true }

const value = fc.tuple(
  fc.integer({ min: -6, max: 8 }),
  fc.constantFrom('', '', '', 'x'.repeat(1_500), 'x'.repeat(4_000)),
)
/** @param results about as many as there will be */
const stepOf = (results: number): fc.Arbitrary<Step> =>
  fc.oneof<fc.WeightedArbitrary<Step>[]>(
    { weight: 4, arbitrary: fc.record({ values: fc.array(value, { minLength: 1, maxLength: 3 }) }) },
    { weight: 4, arbitrary: fc.record({ replay: fc.integer({ min: 1, max: results }) }) },
    { weight: 1, arbitrary: fc.constant({ tick: true as const }) },
  )

const entryOf = (each: Step, index: number): Entry => {
  if ('tick' in each) return { kind: 'tick', asOf: Number.MAX_SAFE_INTEGER }
  if ('values' in each) return sent('s', each.values)
  return { kind: 'replay', stream: 's', incarnation: LIFE, seq: each.replay, ticket: `${index}` }
}

const entriesOf = (steps: readonly Step[]): Entry[] => [
  started('s', 1, { retentionMs: KEPT_MS }),
  ...steps.map(entryOf),
]

interface Letter {
  readonly seq: number
  readonly at: number
  readonly record: string
}

/** What the documentation promises, as simply as it can be written. */
class Model {
  readonly results: unknown[] = []
  /** By ticket. */
  readonly verdicts = new Map<string, string>()
  letters: Letter[] = []
  private isPatient = false

  constructor(steps: readonly Step[]) {
    for (const [index, each] of steps.entries()) this.take(each, index, FIRST_AT + (index + 1) * STEP_MS)
  }

  private take(each: Step, index: number, at: number): void {
    this.letters = this.letters.filter((letter) => letter.at > at - KEPT_MS)
    if ('values' in each) for (const one of each.values) this.process(one, at)
    if (!('replay' in each)) return
    const letter = this.letters.find(({ seq, record }) => seq === each.replay && record.length <= MAX_BYTES)
    this.verdicts.set(`${index}`, letter === undefined ? 'dead_letter_not_found' : 'accepted')
    if (letter === undefined) return
    this.letters = this.letters.filter((one) => one !== letter)
    this.process(JSON.parse(letter.record) as Value, at)
  }

  private process(one: Value, at: number): void {
    const [number] = one
    if (number === 0) this.isPatient = !this.isPatient
    const fails = number < 0 && !this.isPatient
    this.results.push(fails ? 'processor_failed' : number)
    if (number > 5) this.results.push(number)
    if (fails) this.letters.push({ seq: this.results.length, at, record: JSON.stringify(one) })
    while (this.letters.reduce((sum, { record }) => sum + countOf(record), 0) > MAX_BYTES) this.letters.shift()
  }
}

const countOf = (record: string): number => (record.length > MAX_BYTES ? 1_024 : Math.max(1_024, record.length))

const resultsOf = (replica: Replica): unknown[] =>
  replica.results(LIFE).map((line) => {
    const { data, code } = JSON.parse(line) as { data?: unknown; code?: string }
    return code ?? data
  })

/** All letters, as `GET /stream/{id}/dead-letters` tells them; the header and the table must tell the same. */
async function lettersOf(replica: Replica, now = FIRST_AT): Promise<Letter[]> {
  const header = replica.view.header('s')
  if (header === undefined) throw new Error('there is no stream')
  const letters = replica.view.deadLetters.page(header, 0, 2_000, now)
  expect(header.letters?.count ?? 0).toBe(letters.length)
  expect(replica.view.deadLetters.count(header, now)).toBe(letters.length)
  await replica.settled()
  const records = letters.filter(({ record }) => record !== undefined)
  expect(replica.view.store.table('letters').getKeysCount({})).toBe(letters.length + records.length)
  return letters.map(({ seq, at, record = '' }) => ({ seq, at, record }))
}

/** Told of a replay by this replica, by ticket. */
function verdictsOf(replica: Replica): Map<string, string> {
  const told = new Map<string, string>()
  replica.view.applied.subscribe(({ verdicts }) => {
    for (const [ticket, { code }] of verdicts) told.set(ticket, code)
  })
  return told
}

/** A replica that has processed a failed record for each text. */
async function failed(records: readonly unknown[], options: ReplicaOptions = {}): Promise<Replica> {
  const process = running(new Picky())
  const entries = [started('s', 1, { retentionMs: KEPT_MS }), ...records.map((record) => sent('s', [record]))]
  const replica = await logged(entries, await temporaryFolder(), { process, ...options })
  replica.work()
  await replica.processed()
  return replica
}

describe('dead letters', () => {
  logClock()

  const withoutLarge = ({ letters }: Model): Letter[] =>
    letters.map((letter) => (letter.record.length > MAX_BYTES ? { ...letter, record: '' } : letter))

  it('are the newest records that failed, whatever is sent, replayed and pushed out', async () => {
    const run = fc.record({
      steps: fc.array(stepOf(24), { minLength: 20, maxLength: 60 }),
      maxCommitChars: fc.constantFrom(60, 5_000, 100_000),
      together: fc.constantFrom(1, 100, 100_000),
    })
    await fc.assert(
      fc.asyncProperty(run, async ({ steps, maxCommitChars, together }) => {
        const process = running(new Picky(), undefined, together)
        const options = { process, maxCommitChars, maxDeadLetterBytes: MAX_BYTES }
        const model = new Model([...steps, { tick: true }])
        const replica = await logged(entriesOf([...steps, { tick: true }]), await temporaryFolder(), options)
        const verdicts = verdictsOf(replica)
        replica.work()
        await replica.processed()
        expect(resultsOf(replica)).toEqual(model.results)
        expect(await lettersOf(replica)).toEqual(withoutLarge(model))
        expect(verdicts).toEqual(model.verdicts)
        await replica.close()
      }),
      { seed: announcedSeed('dead-letters.spec'), numRuns: schedules(25) },
    )
  }, 60_000)

  it.each([
    ['before they are on the disk', new Picky()],
    ['from the disk alone', new PickyLate()],
  ])(
    'are replayed once, and none is lost, wherever a crash falls: results are known %s',
    async (_how, processor) => {
      const together = fc.constantFrom(1, 100, 100_000)
      await fc.assert(
        fc.asyncProperty(fc.array(stepOf(6), { maxLength: 7 }), together, async (some, most) => {
          // Records that fail, and one that is replayed, whatever else happens.
          const failures: Step = { values: [-1, -2, -3].map((number) => [number, '']) }
          const steps: Step[] = [failures, { replay: 2 }, ...some, { tick: true }]
          const model = new Model(steps)
          // Each commit is on the disk before the next is made, so that every one of them is a place to crash at.
          const process = running(processor, undefined, most)
          const options = { process, maxUnsettledChars: 1, maxDeadLetterBytes: MAX_BYTES }
          for (let commits = 1; ; commits++) {
            const folder = await temporaryFolder()
            const first = await logged(entriesOf(steps), folder, { ...options, maxCommitChars: 60 })
            const told = verdictsOf(first)
            const finished = first.processed().then(() => true)
            const made = first.made(commits).then(() => false)
            first.work()
            const isFinished = await Promise.race([made, finished])
            const second = new Replica(folder, { ...options, idle: true })
            const again = verdictsOf(second)
            second.work()
            await second.processed()
            expect(resultsOf(second)).toEqual(model.results)
            expect(await lettersOf(second)).toEqual(withoutLarge(model))
            // What a caller was told before the crash still holds after it.
            expect(new Map([...told, ...again, ...told])).toEqual(model.verdicts)
            expect(new Map([...told, ...again])).toEqual(model.verdicts)
            await second.close()
            if (isFinished) return
          }
        }),
        { seed: announcedSeed('dead-letters.spec, crashes'), numRuns: schedules(8) },
      )
    },
    60_000,
  )

  it('go, the oldest first, when more than as many as there is room for have failed', async () => {
    const records = Array.from({ length: 2_000 }, (_, index) => [-1, String(index)])
    const replica = new Replica(await temporaryFolder(), {
      process: running(new Picky()),
      maxDeadLetterBytes: 1_024 * 1_024,
    })
    await replica.append(started('s'))
    await replica.append(sent('s', records))
    await replica.processed()
    const letters = await lettersOf(replica, 0)
    expect(letters).toHaveLength(1_024)
    expect(letters.map(({ record }) => JSON.parse(record) as unknown)).toEqual(records.slice(-1_024))
  })

  it('take room in a commit: it ends before they would pass its bound', async () => {
    const [maxCommitChars, recordChars] = [4_000, 1_500]
    const replica = new Replica(await temporaryFolder(), { process: running(new Picky()), maxCommitChars, idle: true })
    await replica.append(started('s'))
    await replica.append(
      sent(
        's',
        Array.from({ length: 10 }, () => [-1, 'x'.repeat(recordChars)]),
      ),
    )
    const chars: number[] = []
    replica.view.applied.subscribe((commit) => chars.push(charsOf(commit)))
    replica.work()
    await replica.processed()
    expect(await lettersOf(replica, 0)).toHaveLength(10)
    expect(Math.max(...chars)).toBeLessThan(maxCommitChars + recordChars)
  })

  it('count as large as they are, in bytes', async () => {
    const records = Array.from({ length: 5 }, () => [-1, 'ü'.repeat(600)])
    const replica = await failed(records, { maxDeadLetterBytes: MAX_BYTES })
    expect(await lettersOf(replica)).toHaveLength(2)
  })

  it('are kept without their record where it is larger than all of them may be, and cannot be replayed then', async () => {
    const replica = await failed(
      [
        [-1, ''],
        [-1, 'x'.repeat(4_000)],
      ],
      { maxDeadLetterBytes: MAX_BYTES },
    )
    expect(await lettersOf(replica)).toMatchObject([{ record: '[-1,""]' }, { record: '' }])
    const told = verdictsOf(replica)
    await replica.append({ kind: 'replay', stream: 's', incarnation: LIFE, seq: 2, ticket: 'large' })
    await replica.processed()
    expect([...told]).toEqual([['large', 'dead_letter_not_found']])
    expect(await lettersOf(replica)).toHaveLength(2)
  })

  it('have the number of the error, where the clock gave a result at the same time; and an end that fails leaves none', async () => {
    const code = 'processor_failed'
    const failure = { lines: [successResult('clock'), errorResult(code)], timer: undefined, failed: code } as const
    const process: BatchHandler = (batch) =>
      Promise.resolve(batch.map(({ inputs }) => ({ outcomes: inputs.map(() => failure), again: true })))
    const replica = await failed([1, 2], { process })
    expect(await lettersOf(replica)).toMatchObject([
      { seq: 2, record: '1' },
      { seq: 4, record: '2' },
    ])
    await replica.append({ kind: 'end', stream: 's' })
    await replica.append({ kind: 'seal', streams: [['s', LIFE]] })
    await replica.processed()
    expect(replica.results(LIFE)).toHaveLength(6)
    expect(await lettersOf(replica)).toHaveLength(2)
  })

  it('are none where there is no room for any', async () => {
    const replica = await failed([[-1, '']], { maxDeadLetterBytes: 0 })
    expect(resultsOf(replica)).toEqual(['processor_failed'])
    expect(await lettersOf(replica)).toEqual([])
  })

  it('of a stream that takes no more data are not replayed', async () => {
    const replica = await failed([[-1, '']])
    const told = verdictsOf(replica)
    const replay = { kind: 'replay', stream: 's', incarnation: LIFE, seq: 1 } as const
    await replica.append({ kind: 'end', stream: 's' })
    await replica.append({ ...replay, ticket: 'behind the end' })
    await replica.append({ kind: 'seal', streams: [['s', LIFE]] })
    await replica.append({ ...replay, ticket: 'over' })
    await replica.append({ ...replay, incarnation: lifeOf('s', 2), ticket: 'of another life' })
    await replica.append({ ...replay, stream: 'unknown', ticket: 'of no stream' })
    await replica.processed()
    expect([...told]).toEqual([
      ['behind the end', 'stream_closed'],
      ['over', 'stream_closed'],
      ['of another life', 'stream_closed'],
      ['of no stream', 'stream_not_found'],
    ])
    expect(await lettersOf(replica)).toHaveLength(1)
  })

  it('are not seen any more when their error results are too old to be kept, and are removed then', async () => {
    const replica = await failed([
      [-1, ''],
      [-2, ''],
    ])
    const header = replica.view.header('s')
    const [first, second] = await lettersOf(replica)
    if (header === undefined || first === undefined || second === undefined) throw new Error('there are two')
    const seen = (now: number): number[] => replica.view.deadLetters.page(header, 0, 10, now).map(({ seq }) => seq)
    expect(seen(first.at + KEPT_MS - 1)).toEqual([1, 2])
    expect(seen(first.at + KEPT_MS)).toEqual([2])
    expect(replica.view.deadLetters.count(header, first.at + KEPT_MS)).toBe(1)
    jest.advanceTimersByTime(first.at + KEPT_MS - replica.engine.now())
    await replica.append({ kind: 'tick', asOf: first.at + KEPT_MS })
    await replica.processed()
    expect(await lettersOf(replica)).toEqual([second])
  })
})
