import { ApiError } from '#libs/contract'
import type { Answer, Task } from './messages.js'
import type { WorkerProcess } from './worker-process.js'

/** Begins a process that can run these processors. @throws LoadFailure if it is known that there can be none at present */
export type Begin = (processors: readonly string[]) => WorkerProcess

/** One of the pool's places: a process when it is needed, and another one when that has ended. */
export class Place {
  private process: WorkerProcess | undefined
  private stopped = false

  constructor(private readonly begin: Begin) {}

  /** Whether the next task is the first of a process. */
  get isFresh(): boolean {
    return !(this.present?.used ?? false)
  }

  /** Whether its process is there and has loaded all of these. */
  runs(processors: readonly string[]): boolean {
    return this.present?.runs(processors) ?? false
  }

  /**
   * @throws Death if the process ends over it; LoadFailure if there is none that can do it; ApiError `shutting_down` if that is because
   * nothing is to be run any more
   */
  async run(task: Task): Promise<Answer> {
    try {
      return await this.processFor(task).run(task)
    } catch (error) {
      throw this.stopped ? new ApiError('shutting_down') : error
    }
  }

  /** Takes a process that was begun elsewhere. */
  adopt(process: WorkerProcess): void {
    this.process = process
    if (this.stopped) process.kill()
  }

  /** What other tasks have left behind does not touch the next one. */
  renew(): void {
    if (this.isFresh) return
    this.process?.kill()
    this.process = undefined
  }

  /** For good. */
  stop(): void {
    this.stopped = true
    this.process?.kill()
  }

  private processFor(task: Task): WorkerProcess {
    if (this.stopped) throw new ApiError('shutting_down')
    const processors = task.kind === 'run' ? task.works.map(({ processor }) => processor) : [task.processor]
    if (this.present?.runs(processors) === true) return this.present
    const fresh = this.begin([...new Set(processors)])
    // One that was begun when not all could be loaded.
    this.process?.kill()
    return (this.process = fresh)
  }

  private get present(): WorkerProcess | undefined {
    return this.process?.ended === false ? this.process : undefined
  }
}

interface Waiting {
  readonly fits: (place: Place) => boolean
  readonly resolve: (place: Place) => void
}

/** A fixed number of places, each used by one job at a time; the others wait in order. */
export class Pool {
  private readonly places: readonly Place[]
  private readonly idle: Place[]
  private readonly waiting: Waiting[] = []

  constructor(
    readonly size: number,
    begin: Begin,
  ) {
    this.places = Array.from({ length: size }, () => new Place(begin))
    this.idle = [...this.places]
  }

  /** How many jobs wait for a place. */
  get queued(): number {
    return this.waiting.length
  }

  /** Whether any place has a process that has loaded all of these. */
  runs(processors: readonly string[]): boolean {
    return this.places.some((place) => place.runs(processors))
  }

  /** Takes a process that was begun elsewhere. */
  adopt(process: WorkerProcess): void {
    this.idle.at(-1)?.adopt(process)
  }

  /** Runs a job with a place of its own. @param only for processors that no new process can load: with one that has loaded them, if there is any */
  async use<T>(job: (place: Place) => Promise<T>, only: readonly string[] = []): Promise<T> {
    const fits = (place: Place): boolean => only.length === 0 || place.runs(only) || !this.runs(only)
    const found = this.idle.findLastIndex(fits)
    const [free] = found === -1 ? [] : this.idle.splice(found, 1)
    const place = free ?? (await new Promise<Place>((resolve) => this.waiting.push({ fits, resolve })))
    try {
      return await job(place)
    } finally {
      const next = this.waiting.findIndex((each) => each.fits(place))
      if (next === -1) this.idle.push(place)
      else this.waiting.splice(next, 1)[0]?.resolve(place)
    }
  }

  stop(): void {
    for (const place of this.places) place.stop()
  }
}
