import { ApiError } from '#libs/contract'
import type { Answer, Task } from './messages.js'
import type { WorkerProcess } from './worker-process.js'

/** One of the pool's places: a process when it is needed, and another one when that has ended. */
export class Place {
  private process: WorkerProcess | undefined
  private stopped = false

  constructor(private readonly start: () => WorkerProcess) {}

  /** Whether the next task is the first of a process. */
  get isFresh(): boolean {
    return !(this.present?.used ?? false)
  }

  /** @throws Death if the process ends over it; ApiError `shutting_down` if that is because nothing is to be run any more */
  async run(task: Task): Promise<Answer> {
    try {
      this.process = this.present ?? this.begin()
      return await this.process.run(task)
    } catch (error) {
      throw this.stopped ? new ApiError('shutting_down') : error
    }
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

  private begin(): WorkerProcess {
    if (this.stopped) throw new ApiError('shutting_down')
    return this.start()
  }

  private get present(): WorkerProcess | undefined {
    return this.process?.ended === false ? this.process : undefined
  }
}

/** A fixed number of places, each used by one job at a time; the others wait in order. */
export class Pool {
  private readonly places: readonly Place[]
  private readonly idle: Place[]
  private readonly waiting: ((place: Place) => void)[] = []

  constructor(
    readonly size: number,
    start: () => WorkerProcess,
  ) {
    this.places = Array.from({ length: size }, () => new Place(start))
    this.idle = [...this.places]
  }

  /** How many jobs wait for a place. */
  get queued(): number {
    return this.waiting.length
  }

  /** Runs a job with a place of its own. */
  async use<T>(job: (place: Place) => Promise<T>): Promise<T> {
    const place = this.idle.pop() ?? (await new Promise<Place>((resolve) => this.waiting.push(resolve)))
    try {
      return await job(place)
    } finally {
      const next = this.waiting.shift()
      if (next === undefined) this.idle.push(place)
      else next(place)
    }
  }

  stop(): void {
    for (const place of this.places) place.stop()
  }
}
