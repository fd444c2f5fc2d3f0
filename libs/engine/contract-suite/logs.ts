import type { Engine } from '../engine.js'
import type { StoredEntry } from '../entry.js'
import { data, STREAM } from './entries.js'
import { Worker } from './worker.js'

export interface EngineSettings {
  /** Input that may wait to be processed, in bytes (or characters) of its text. */
  readonly backlogBytes: number
  readonly barrierTimeoutMs: number
}

/** Logs that outlive the engines on them. */
export interface Logs {
  /**
   * Another engine on the same logs, as another process would have it: those before it are not closed, so to open one beside them
   * takes their partitions over, and to open one after they were closed is a restart.
   */
  open(settings?: Partial<EngineSettings>): Promise<Engine>
}

/** The logs of one test, and what was opened on them. */
export class TestLogs {
  private logs: Logs | undefined
  private readonly engines: Engine[] = []
  private readonly workers: Worker[] = []

  constructor(private readonly newLogs: () => Promise<Logs>) {}

  async engine(settings?: Partial<EngineSettings>): Promise<Engine> {
    this.logs ??= await this.newLogs()
    const engine = await this.logs.open(settings)
    this.engines.push(engine)
    return engine
  }

  /** An engine, or a given one, with an owner that the test plays. */
  async worker(engine?: Engine): Promise<Worker> {
    const worker = await Worker.on(engine ?? (await this.engine()))
    this.workers.push(worker)
    return worker
  }

  /** A worker that has read `values`, each an entry of its own, in a write of its own. */
  async loaded(...values: readonly string[]): Promise<{ worker: Worker; entries: StoredEntry[] }> {
    const engine = await this.engine()
    for (const value of values) await engine.append(engine.partitionOf(STREAM), data(value))
    const worker = await this.worker(engine)
    return { worker, entries: await worker.read(values.length) }
  }

  async close(): Promise<void> {
    for (const worker of this.workers.splice(0)) worker.leave()
    for (const engine of this.engines.splice(0)) await engine.close()
    this.logs = undefined
  }
}
