import { availableParallelism } from 'node:os'
import { Logger, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common'
import type { ResultErrorCode } from '#libs/contract'
import { charsOf, type Outcome } from '#libs/processor'
import { Death } from './death.js'
import type { Description, Refusal, Setup } from './messages.js'
import { MOST_DEATHS, oneByOne, outcomesOf } from './one-by-one.js'
import type { NamedWork } from './packed.js'
import { isLong, shares, TASK_CHARS } from './shares.js'
import type { Wait } from './sources.js'
import { Suspects } from './suspects.js'
import { Workers } from './workers.js'

/** How long batches that were begun may take at a graceful stop. What is not done then is done after the next start. */
const GRACE_MS = 5_000

export interface IsolatedOutcomes {
  /** One for each input, in order; of the first inputs only, if too much came of them. Of work that is run alone there is one at least. */
  readonly outcomes: readonly Outcome[]
  /** Whether time or memory decided any of them, so that it might come out differently another time. */
  readonly killed: boolean
}

/**
 * Runs processors in processes of their own. Whatever a processor does to its process (never returns, takes all memory, ends it) decides
 * about one record: what the process was doing is done again, in the end a record at a time, and only the record that ends a process
 * which has done nothing else gets an error.
 */
export class Isolation implements OnModuleDestroy, OnApplicationShutdown {
  private readonly logger = new Logger('Processors')
  private readonly workers: Workers
  private readonly suspects = new Suspects()
  private grace: NodeJS.Timeout | undefined

  /**
   * @param program path of the built `worker-program.js`
   * @param workers at most; 0 for what suits the machine
   * @param pause between two tries to load what cannot be loaded
   */
  constructor(
    program: string,
    private readonly setup: Setup,
    workers = 0,
    pause?: Wait,
  ) {
    const size = workers === 0 ? Math.max(2, Math.min(4, availableParallelism() - 1)) : workers
    this.workers = new Workers(program, setup, size, pause)
  }

  /** Loads what is to come from outside, and says what worker processes can run: once, before anything else. @throws LoadFailure */
  descriptions(): Promise<readonly Description[]> {
    return this.workers.load()
  }

  /** What cannot be run at present, in a line; undefined if everything can be. */
  get problem(): string | undefined {
    return this.workers.problem
  }

  /** What comes of each stream's work, in the order of the works: of each when it is there. */
  run(works: readonly NamedWork[]): Promise<IsolatedOutcomes>[] {
    const done = new Gathered(works)
    this.runAll(works, done).then(
      () => {
        done.end()
      },
      (error: unknown) => {
        done.fail(error)
      },
    )
    return works.map((work) => done.outcomesOf(work))
  }

  private async runAll(works: readonly NamedWork[], done: Gathered): Promise<void> {
    const tried = works.filter((work) => {
      const outcomes = this.suspects.untried(work)
      if (outcomes.length > 0) done.add(work, outcomes, true)
      return outcomes.length === 0
    })
    const long = tried.filter(isLong)
    const others = tried.filter((work) => !long.includes(work))
    await Promise.all([
      ...shares(others, this.workers.size).map((share) => this.share(share, done)),
      ...long.map((work) => this.share([work], done)),
    ])
  }

  /**
   * What a processor has against options beyond their schema.
   * @throws ApiError `overloaded` | `processor_unavailable`
   */
  async check(processor: string, options: unknown): Promise<Refusal | undefined> {
    try {
      const answer = await this.workers.ask({ kind: 'check', processor, options })
      return answer.kind === 'checked' ? answer.refusal : undefined
    } catch (error) {
      if (!(error instanceof Death)) throw error
      this.logger.error({ message: 'a check of options ended its process', processor, code: error.code })
      return { field: '', message: CHECK_ENDED[error.code] ?? "the processor's check of them failed." }
    }
  }

  onModuleDestroy(): void {
    // What waits for a file to be mended has not begun.
    this.workers.giveUp()
    this.grace = setTimeout(() => this.stop(), GRACE_MS)
  }

  onApplicationShutdown(): void {
    clearTimeout(this.grace)
    this.stop()
  }

  stop(): void {
    this.workers.stop()
  }

  /** Runs works in one task; if their process ends over it, those that may be why one by one. */
  private async share(works: readonly NamedWork[], done: Gathered): Promise<void> {
    // What came of others is all that the server should hold: the owner asks for these again.
    if (done.chars > (this.setup.limits.together ?? Infinity)) return
    try {
      const outcomes = await this.workers.use(processorsOf(works), (place) => outcomesOf(place, works.map(firstPart)))
      for (const [index, work] of works.entries()) {
        done.add(work, outcomes[index] ?? [], false)
        if (outcomes[index]?.length) this.suspects.clear(work.stream)
      }
    } catch (error) {
      if (!(error instanceof Death)) throw error
      const [only] = works
      this.logger.warn({ message: 'a worker process ended', code: error.code, streams: works.length })
      const guilty = works.length === 1 ? only : works[error.work ?? works.length]
      if (guilty !== undefined) await this.oneByOne(guilty, done)
      const rest = works.filter((work) => work !== guilty)
      // Without a word of the watchdog it may have been any of them.
      const again = guilty === undefined ? rest.map((work) => [work]) : rest.length === 0 ? [] : [rest]
      await Promise.all(again.map((share) => this.share(share, done)))
    }
  }

  private async oneByOne(work: NamedWork, done: Gathered): Promise<void> {
    const { processor, stream } = work
    const { together = Infinity } = this.setup.limits
    const { outcomes, codes } = await this.workers.use([processor], (place) => oneByOne(place, work, together))
    for (const code of codes)
      this.logger.error({ message: 'a record ended its process', processor, streamId: stream, code })
    const last = codes.at(-1)
    if (last !== undefined && codes.length >= MOST_DEATHS) this.suspects.add(stream, last)
    done.add(work, outcomes, codes.length > 0)
  }
}

interface Coming {
  readonly outcomes: Promise<IsolatedOutcomes>
  readonly resolve: (outcomes: IsolatedOutcomes) => void
  readonly reject: (error: unknown) => void
}

/** What has come of the works of a batch, and what is still to come. */
class Gathered {
  chars = 0
  private readonly of: ReadonlyMap<NamedWork, Coming>

  constructor(works: readonly NamedWork[]) {
    this.of = new Map(works.map((work) => [work, coming()]))
  }

  outcomesOf(work: NamedWork): Promise<IsolatedOutcomes> {
    return this.of.get(work)?.outcomes ?? Promise.resolve(NOTHING)
  }

  add(work: NamedWork, outcomes: readonly Outcome[], killed: boolean): void {
    for (const outcome of outcomes) this.chars += charsOf(outcome)
    this.of.get(work)?.resolve({ outcomes, killed })
  }

  /** Nothing more comes. */
  end(): void {
    for (const { resolve } of this.of.values()) resolve(NOTHING)
  }

  fail(error: unknown): void {
    for (const { reject } of this.of.values()) reject(error)
  }
}

const NOTHING: IsolatedOutcomes = { outcomes: [], killed: false }

function coming(): Coming {
  let [resolve, reject]: [Coming['resolve'], Coming['reject']] = [() => undefined, () => undefined]
  const outcomes = new Promise<IsolatedOutcomes>((...settle) => ([resolve, reject] = settle))
  return { outcomes, resolve, reject }
}

const CHECK_ENDED: Partial<Record<ResultErrorCode, string>> = {
  processor_timeout: "the processor's check of them took too long (PROCESSOR_TIMEOUT_MS).",
  processor_out_of_memory: "the processor's check of them took too much memory (PROCESSOR_MEMORY_BYTES).",
}

const processorsOf = (works: readonly NamedWork[]): string[] => [...new Set(works.map(({ processor }) => processor))]

/** The work as far as one task should hold it: its first inputs, one at least. */
function firstPart(work: NamedWork): NamedWork {
  let chars = 0
  const end = work.inputs.findIndex((input, index) => {
    chars += input.kind === 'record' ? input.text.length : 0
    return chars > TASK_CHARS && index > 0
  })
  return end === -1 ? work : { ...work, inputs: work.inputs.slice(0, end) }
}
