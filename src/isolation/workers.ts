import { setTimeout as wait } from 'node:timers/promises'
import { ApiError } from '#libs/contract'
import { LoadFailure } from './load-failure.js'
import type { Answer, Description, Setup, Task } from './messages.js'
import { Pool, type Begin, type Place } from './pool.js'
import { Sources, type Wait } from './sources.js'
import { WorkerProcess } from './worker-process.js'

/** Checks of options that may wait for one that takes its time. */
const WAITING_CHECKS = 100

const pause: Wait = (ms, signal) => wait(ms, undefined, { signal, ref: false })

/** The worker processes. Each begins when it is needed, with all files that can be loaded at the time. */
export class Workers {
  private readonly pool: Pool
  /** Apart from the batches, which may take long. */
  private readonly checks: Pool
  private readonly sources: Sources

  /**
   * @param program path of the built `worker-program.js`
   * @param size processes at most, and one for checks of options
   * @param between two tries to load what cannot be loaded
   */
  constructor(
    private readonly program: string,
    private readonly setup: Setup,
    readonly size: number,
    between = pause,
  ) {
    const begin: Begin = (processors) => this.begin(processors)
    this.pool = new Pool(size, begin)
    this.checks = new Pool(1, begin)
    this.sources = new Sources((file, signal) => this.tryLoading(file, signal), between)
  }

  /** What cannot be run at present, in a line; undefined if everything can be. */
  get problem(): string | undefined {
    const { none, missing } = this.sources
    if (none) return 'no process for processors can be begun'
    return missing.length === 0 ? undefined : `these processors cannot be loaded: ${missing.join(', ')}`
  }

  /** Loads all files, and says what is in them: once, before anything else. @throws LoadFailure if one cannot be loaded */
  async load(): Promise<readonly Description[]> {
    const first = new WorkerProcess(this.program, this.setup)
    // It stays, so that it can be used even if its files go.
    this.pool.adopt(first)
    const descriptions = await first.ready
    this.sources.know(descriptions)
    return descriptions
  }

  /** Does a job with a place. If what it needs cannot be loaded, that is when it can be: the place is free meanwhile. */
  async use<T>(processors: readonly string[], job: (place: Place) => Promise<T>): Promise<T> {
    for (;;) {
      const problem = this.sources.problemOf(processors)
      if (problem !== undefined && !this.pool.runs(processors)) {
        await this.sources.mended(problem)
        continue
      }
      try {
        return await this.pool.use(job, problem === undefined ? [] : processors)
      } catch (error) {
        if (!(error instanceof LoadFailure)) throw error
        this.sources.add(error)
      }
    }
  }

  /** Does a task while somebody waits for the answer. @throws Death; ApiError `overloaded` | `processor_unavailable` | `shutting_down` */
  async ask(task: Extract<Task, { kind: 'check' }>): Promise<Answer> {
    for (;;) {
      if (this.checks.queued >= WAITING_CHECKS)
        throw new ApiError('overloaded', { message: 'Too many checks of processor_options wait for each other.' })
      try {
        return await this.checks.use((place) => place.run(task))
      } catch (error) {
        if (!(error instanceof LoadFailure)) throw error
        this.sources.add(error)
        // Else it was the file of another one.
        if (this.sources.problemOf([task.processor]) !== undefined) throw new ApiError('processor_unavailable')
      }
    }
  }

  /** Nobody waits any more for files to be mended. */
  giveUp(): void {
    this.sources.stop()
  }

  stop(): void {
    this.giveUp()
    this.pool.stop()
    this.checks.stop()
  }

  private begin(processors: readonly string[]): WorkerProcess {
    const problem = this.sources.problemOf(processors)
    if (problem !== undefined) throw problem
    return this.beginWith(this.sources.usable())
  }

  private async tryLoading(file: string | undefined, signal: AbortSignal): Promise<void> {
    // What it has to say was heard the first time.
    const trial = this.beginWith(this.sources.usable(file), 'ignore')
    const kill = (): void => trial.kill()
    signal.addEventListener('abort', kill)
    await trial.ready.finally(() => {
      signal.removeEventListener('abort', kill)
      trial.kill()
    })
  }

  private beginWith(files: ReadonlyMap<string, string>, output?: 'ignore'): WorkerProcess {
    const setup = { ...this.setup, processors: [...new Set(files.values())] }
    try {
      return new WorkerProcess(this.program, setup, files, output)
    } catch (error) {
      throw new LoadFailure(undefined, error instanceof Error ? error.message : String(error))
    }
  }
}
