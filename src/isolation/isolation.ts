import { availableParallelism } from 'node:os'
import { Logger, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common'
import { ApiError, type ResultErrorCode } from '#libs/contract'
import type { Input, Outcome } from '#libs/processor'
import { CarriedWork } from './carried-work.js'
import { Death } from './death.js'
import type { Description, Refusal, Setup } from './messages.js'
import { oneByOne, outcomesOf } from './one-by-one.js'
import type { NamedWork } from './packed.js'
import { Pool } from './pool.js'
import { isLong, shares, TASK_CHARS } from './shares.js'
import { WorkerProcess } from './worker-process.js'

/** Checks of options that may wait for one that takes its time. */
const WAITING_CHECKS = 100

/** How long batches that were begun may take at a graceful stop. What is not done then is done after the next start. */
const GRACE_MS = 5_000

export interface IsolatedOutcomes {
  /** One for each input, in order. */
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
  private readonly pool: Pool
  /** Apart from the batches, which may take long. */
  private readonly checks: Pool
  private grace: NodeJS.Timeout | undefined

  /**
   * @param program path of the built `worker-program.js`
   * @param workers at most; 0 for what suits the machine
   */
  constructor(
    private readonly program: string,
    private readonly setup: Setup,
    workers = 0,
  ) {
    const start = (): WorkerProcess => new WorkerProcess(program, setup)
    this.pool = new Pool(workers === 0 ? Math.max(1, Math.min(4, availableParallelism() - 1)) : workers, start)
    this.checks = new Pool(1, start)
  }

  /** What worker processes can run. @throws ProcessorError if that cannot be loaded */
  async descriptions(): Promise<readonly Description[]> {
    const first = new WorkerProcess(this.program, this.setup)
    return first.ready.finally(() => first.kill())
  }

  /** What comes of each stream's work, in the order of the works. */
  async run(works: readonly NamedWork[]): Promise<IsolatedOutcomes[]> {
    const done = new Map<NamedWork, IsolatedOutcomes>()
    const long = works.filter(isLong)
    const others = works.filter((work) => !long.includes(work))
    await Promise.all([
      ...shares(others, this.pool.size).map((share) => this.share(share, done)),
      ...long.map(async (work) => done.set(work, await this.inParts(work))),
    ])
    return works.map((work) => done.get(work) ?? { outcomes: [], killed: false })
  }

  /** What a processor has against options beyond their schema. */
  async check(processor: string, options: unknown): Promise<Refusal | undefined> {
    if (this.checks.queued >= WAITING_CHECKS)
      throw new ApiError('overloaded', { message: 'Too many checks of processor_options wait for each other.' })
    try {
      const answer = await this.checks.use((place) => place.run({ kind: 'check', processor, options }))
      return answer.kind === 'checked' ? answer.refusal : undefined
    } catch (error) {
      if (!(error instanceof Death)) throw error
      this.logger.error({ message: 'a check of options ended its process', processor, code: error.code })
      return { field: '', message: CHECK_ENDED[error.code] ?? "the processor's check of them failed." }
    }
  }

  onModuleDestroy(): void {
    this.grace = setTimeout(() => this.stop(), GRACE_MS)
  }

  onApplicationShutdown(): void {
    clearTimeout(this.grace)
    this.stop()
  }

  stop(): void {
    this.pool.stop()
    this.checks.stop()
  }

  /** Runs works in one task; if their process ends over it, those that may be why one by one. */
  private async share(works: readonly NamedWork[], done: Map<NamedWork, IsolatedOutcomes>): Promise<void> {
    try {
      const outcomes = await this.pool.use((place) => outcomesOf(place, works))
      for (const [index, work] of works.entries()) done.set(work, { outcomes: outcomes[index] ?? [], killed: false })
    } catch (error) {
      if (!(error instanceof Death)) throw error
      const [only] = works
      this.logger.warn({ message: 'a worker process ended', code: error.code, streams: works.length })
      const guilty = works.length === 1 ? only : works[error.work ?? works.length]
      if (guilty !== undefined) done.set(guilty, await this.oneByOne(guilty))
      const rest = works.filter((work) => work !== guilty)
      // Without a word of the watchdog it may have been any of them.
      const again = guilty === undefined ? rest.map((work) => [work]) : rest.length === 0 ? [] : [rest]
      await Promise.all(again.map((share) => this.share(share, done)))
    }
  }

  /** Work with more than one task should hold. */
  private async inParts(work: NamedWork): Promise<IsolatedOutcomes> {
    const carried = new CarriedWork(work)
    let killed = false
    while (carried.left.length > 0) {
      const part = carried.with(firstOf(carried.left))
      const done = new Map<NamedWork, IsolatedOutcomes>()
      await this.share([part], done)
      const { outcomes = [], killed: partly = false } = done.get(part) ?? {}
      carried.add(outcomes)
      killed ||= partly
    }
    return { outcomes: carried.outcomes, killed }
  }

  private oneByOne(work: NamedWork): Promise<IsolatedOutcomes> {
    return this.pool.use(async (place) => {
      const { outcomes, codes } = await oneByOne(place, work)
      const { processor, stream: streamId } = work
      for (const code of codes) this.logger.error({ message: 'a record ended its process', processor, streamId, code })
      return { outcomes, killed: codes.length > 0 }
    })
  }
}

const CHECK_ENDED: Partial<Record<ResultErrorCode, string>> = {
  processor_timeout: "the processor's check of them took too long (PROCESSOR_TIMEOUT_MS).",
  processor_out_of_memory: "the processor's check of them took too much memory (PROCESSOR_MEMORY_BYTES).",
}

/** As many of the next inputs as one task should hold; one at least. */
function firstOf(inputs: readonly Input[]): readonly Input[] {
  let chars = 0
  const end = inputs.findIndex((input, index) => {
    chars += input.kind === 'record' ? input.text.length : 0
    return chars > TASK_CHARS && index > 0
  })
  return end === -1 ? inputs : inputs.slice(0, end)
}
