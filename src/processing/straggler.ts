import type { StoredEntry, StreamHeader } from '#libs/engine'
import { charsOf } from '#libs/processor'
import type { BatchHandler, StreamOutcomes, StreamWork } from './batch.js'
import type { Held } from './held.js'
import { Intake, type IntakePorts } from './intake.js'
import type { Mutex } from './mutex.js'

/** What an entry takes besides its records, about. */
const ENTRY_CHARS = 200

export interface StragglerPorts extends Pick<
  IntakePorts,
  'draft' | 'commit' | 'reseal' | 'maxCommitChars' | 'maxDeadLetterBytes'
> {
  /** The processor host. */
  readonly process: BatchHandler
  readonly mutex: Mutex
  /** The stream, if it is open or closing, as the view has it. */
  readonly active: (stream: string) => StreamHeader | undefined
  /** Entries of all stragglers that wait. */
  readonly pending: Held
  /** What processors have answered and no turn has taken over yet. */
  readonly answered: Held
  /** Whether there are no turns any more. */
  readonly stopped: () => boolean
  /** Nothing waits for it: it is not behind any more. Called within its last turn. */
  readonly caughtUp: (stream: string) => void
  /** It cannot go on. */
  readonly failed: (error: unknown) => void
}

/**
 * A stream that is behind the others of its partition. It takes its entries in log order, in turns with the others; while its processor
 * works, others have their turn.
 */
export class Straggler {
  /** Of its pending entries, and about. */
  chars = 0
  /** By their number, from 0 on. Those that are done are gone: each may be a mebibyte. */
  private readonly entries = new Map<number, StoredEntry>()
  /** How many there were in all, how many of them are done, and how many were given to the intake. */
  private added = 0
  private done = 0
  private given = 0
  private running = false
  private readonly intake: Intake

  /**
   * @param since offset of its first entry
   * @param first what the processor has been asked for already: what comes of the first inputs among its entries
   */
  constructor(
    private readonly stream: string,
    readonly since: number,
    private readonly ports: StragglerPorts,
    private first?: Promise<StreamOutcomes>,
  ) {
    // Whoever waits for it learns of it.
    first?.catch(() => undefined)
    this.intake = new Intake({
      ...ports,
      ask: (works) => this.ask(works),
      askLong: (work) => this.ask([work]).then(([answer]) => answer),
      leave: () => {
        throw new Error('A straggler has nobody to leave its entries to.')
      },
      active: () => [ports.active(stream) ?? []].flat(),
      // By the time others are told to have caught up after a crash, it may not have come here again: nobody may know before the disk.
      begun: () => {
        ports.draft().again = false
      },
      passed: ({ offset }) => {
        this.passed(offset)
      },
    })
  }

  /** Offset of its first entry that is not done; undefined if nothing waits for it. */
  get offset(): number | undefined {
    return this.entries.get(this.done)?.offset
  }

  add(entry: StoredEntry): void {
    if (entry.offset < this.since) return
    this.entries.set(this.added++, entry)
    const chars = charsOfEntry(entry)
    this.chars += chars
    this.ports.pending.take(chars)
    if (this.running) return
    this.running = true
    void this.run()
  }

  private async run(): Promise<void> {
    try {
      await this.ports.mutex.hold(async () => {
        while (this.offset !== undefined) await this.work()
        await this.ports.commit()
        this.running = false
        this.ports.caughtUp(this.stream)
      })
    } catch (error) {
      if (!(error instanceof Stopped)) this.ports.failed(error)
    }
  }

  /** Takes all entries there are. */
  private async work(): Promise<void> {
    if (this.ports.stopped()) throw new Stopped()
    for (let entry = this.entries.get(this.given); entry !== undefined; entry = this.entries.get(this.given)) {
      this.given++
      await this.intake.take(entry)
    }
    await this.intake.process()
  }

  private async ask(works: readonly StreamWork[]): Promise<readonly StreamOutcomes[]> {
    const { answered, commit, draft, mutex, stopped } = this.ports
    // What is done by now does not wait for the processor.
    if (!draft().empty) await commit()
    const { outcomes, chars } = await mutex.withoutIt(this.answersTo(works))
    answered.give(chars)
    if (stopped()) throw new Stopped()
    return outcomes
  }

  /** Waits for the processor, and before that until not too much waits that other processors have answered. */
  private async answersTo(
    works: readonly StreamWork[],
  ): Promise<{ readonly outcomes: readonly StreamOutcomes[]; readonly chars: number }> {
    const { answered, process } = this.ports
    const { first } = this
    this.first = undefined
    await answered.room()
    const outcomes = first === undefined ? await whole(await process(works)) : [await first]
    const chars = charsOfAll(outcomes)
    answered.take(chars)
    return { outcomes, chars }
  }

  private passed(offset: number): void {
    for (let entry = this.entries.get(this.done); entry !== undefined && entry.offset <= offset;) {
      const chars = charsOfEntry(entry)
      this.chars -= chars
      this.ports.pending.give(chars)
      this.entries.delete(this.done++)
      entry = this.entries.get(this.done)
    }
  }
}

/** Ends the work of a straggler that has no turns any more. */
class Stopped extends Error {}

function charsOfEntry(entry: StoredEntry): number {
  let chars = ENTRY_CHARS
  if (entry.kind === 'data') for (const record of entry.records) chars += record.length
  return chars
}

function charsOfAll(all: readonly StreamOutcomes[]): number {
  let chars = 0
  for (const { outcomes } of all) for (const outcome of outcomes) chars += charsOf(outcome)
  return chars
}

const whole = (answers: readonly (StreamOutcomes | Promise<StreamOutcomes>)[]): Promise<StreamOutcomes[]> =>
  Promise.all(answers.map(async (answer) => await answer))
