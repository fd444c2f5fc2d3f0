import { Logger } from '@nestjs/common'
import { ApiError } from '#libs/contract'
import { LoadFailure } from './load-failure.js'
import type { Description } from './messages.js'

/** Waits; rejects when `signal` aborts. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<unknown>

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 30_000

/** A file that cannot be loaded at present. */
interface Problem {
  readonly failure: LoadFailure
  /** Settles when it can be. */
  readonly mended: Promise<void>
}

/**
 * The files that processors are from, and those among them that could be loaded once and cannot be now. Such a file is tried again, with
 * longer and longer pauses, until it is mended; the log is told when that begins and when it is over.
 */
export class Sources {
  private readonly logger = new Logger('Processors')
  private readonly files = new Map<string, string>()
  /** Without a file: processes cannot be begun at all. */
  private readonly problems = new Map<string | undefined, Problem>()
  private readonly stopped = new AbortController()
  /** The newest try: a folder that is gone is many files, and should not be as many processes. */
  private trying: Promise<unknown> = Promise.resolve()

  /**
   * @param load tries to load all usable files with this one. @throws LoadFailure
   * @param wait between two tries
   */
  constructor(
    private readonly load: (file: string | undefined, signal: AbortSignal) => Promise<void>,
    private readonly wait: Wait,
  ) {}

  /** What was found at the server's start. */
  know(descriptions: readonly Description[]): void {
    for (const { settings, file } of descriptions)
      if (file !== undefined) this.files.set((settings as { name: string }).name, file)
  }

  /** Files by processor, without those that cannot be loaded at present. @param also one that is tried all the same */
  usable(also?: string): ReadonlyMap<string, string> {
    return new Map([...this.files].filter(([, file]) => file === also || !this.problems.has(file)))
  }

  /** Processors that cannot be loaded at present. */
  get missing(): readonly string[] {
    return [...this.files].filter(([, file]) => this.problems.has(file)).map(([name]) => name)
  }

  /** Whether processes cannot be begun at all. */
  get none(): boolean {
    return this.problems.has(undefined)
  }

  /** Why a process for these cannot be begun at present, if it cannot. */
  problemOf(processors: readonly string[]): LoadFailure | undefined {
    const files = [undefined, ...processors.flatMap((name) => this.files.get(name) ?? [])]
    return files.map((file) => this.problems.get(file)?.failure).find((failure) => failure !== undefined)
  }

  /** From now on the file counts as one that cannot be loaded. @throws ApiError `shutting_down` */
  add({ file: named, reason }: LoadFailure): void {
    // A processor can name any file on the report pipe; what cannot be left out of the next process is the process's own problem.
    const processors = [...this.files].filter(([, from]) => from === named).map(([name]) => name)
    const file = processors.length > 0 ? named : undefined
    if (this.stopped.signal.aborted) throw new ApiError('shutting_down')
    if (this.problems.has(file)) return
    this.logger.error({
      message:
        file === undefined
          ? 'no process for processors can be begun: streams wait, nothing is lost, and it is tried again'
          : 'a file of processors cannot be loaded: its streams wait, nothing is lost; mend it, no restart is needed',
      ...(named !== undefined && { file: named }),
      ...(file !== undefined && { processors }),
      reason,
    })
    const mended = this.retry(file)
    // Perhaps nobody waits for it.
    mended.catch(() => undefined)
    this.problems.set(file, { failure: new LoadFailure(file, reason), mended })
  }

  /** Resolves when the file can be loaded again. @throws ApiError `shutting_down` */
  async mended({ file }: LoadFailure): Promise<void> {
    if (this.stopped.signal.aborted) throw new ApiError('shutting_down')
    await this.problems.get(file)?.mended
  }

  stop(): void {
    this.stopped.abort()
  }

  private async retry(file: string | undefined): Promise<void> {
    const { signal } = this.stopped
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(LONGEST_WAIT_MS, 2 * waitMs)) {
      await this.wait(waitMs, signal).catch(() => undefined)
      if (signal.aborted) throw new ApiError('shutting_down')
      const loaded = this.trying.then(() => this.loads(file))
      this.trying = loaded
      if (await loaded) break
    }
    this.problems.delete(file)
    this.logger.log({ message: 'processors can be loaded again: their streams go on', file })
  }

  private async loads(file: string | undefined): Promise<boolean> {
    if (this.stopped.signal.aborted) return false
    try {
      await this.load(file, this.stopped.signal)
      return true
    } catch (error) {
      if (!(error instanceof LoadFailure)) throw error
      // It may be another one's fault; without that it is tried again.
      this.add(error)
      return false
    }
  }
}
