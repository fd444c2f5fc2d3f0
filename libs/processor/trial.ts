import type { InputRecord, ProcessorClass, RecordProcessor } from './processor.js'
import { run, type Input, type RunLimits } from './run.js'
import { applyChanges, DEFAULT_STATE_LIMITS, storedIn } from './state.js'

const LIMITS: RunLimits = { state: DEFAULT_STATE_LIMITS, results: 10_000, chars: 4 * 1024 * 1024 }

/** Of a result as readers get it: `data`, or the code of the error in its place. */
export type TrialResult = { readonly data: unknown } | { readonly error: string }

/** A stream with a processor and nothing else, for tests: no server, no disk, and time is what the test says it is. */
export class Trial {
  /** JSON texts by key, as they would be committed. */
  readonly state = new Map<string, string>()
  /** When the processor wants to be called, ms since 1970. */
  timer: number | undefined
  /** What was thrown so far, in order: one for each error among the results. Readers are only given its code. */
  readonly thrown: unknown[] = []
  private at = 0
  private stateVersion: number | undefined

  /** @param options as they are, with no defaults filled in and nothing checked by the schema */
  constructor(
    private readonly processor: RecordProcessor,
    private readonly options: unknown = {},
    private readonly limits: RunLimits = LIMITS,
  ) {}

  /** What comes of records that the log takes at `at`, ms since 1970: together, so in a batch where the processor has that form. */
  send(values: readonly unknown[], at = this.at): TrialResult[] {
    return this.sendEach(values.map((value) => ({ value, at })))
  }

  /** The same for records that the log takes one after the other, each at its own time. */
  sendEach(records: readonly InputRecord[]): TrialResult[] {
    return this.run(records.map(({ value, at }) => ({ kind: 'record', at, text: JSON.stringify(value) })))
  }

  /** What comes of the time that passes until `at` while no data arrives, if the processor is called at the very moment it asks for. */
  passTime(at: number): TrialResult[] {
    const results: TrialResult[] = []
    while (this.timer !== undefined && this.timer <= at) results.push(...this.tick(this.timer))
    this.at = Math.max(this.at, at)
    return results
  }

  /** What comes of it that the log's clock shows `at`: nothing, unless a timer is due by then. */
  tick(at: number): TrialResult[] {
    return this.timer !== undefined && this.timer <= at ? this.run([{ kind: 'timer', at }]) : []
  }

  /** What comes of the stream's end. */
  end(at = this.at): TrialResult[] {
    return this.run([{ kind: 'end', at }])
  }

  /** The stream as it goes on elsewhere, or after a crash: from what is stored, and with nothing else of the processor before. */
  restart(processor: RecordProcessor): Trial {
    const trial = new Trial(processor, structuredClone(this.options), this.limits)
    for (const [key, value] of this.state) trial.state.set(key, value)
    trial.timer = this.timer
    trial.at = this.at
    trial.stateVersion = this.stateVersion
    return trial
  }

  private run(inputs: readonly Input[]): TrialResult[] {
    const { processor, options, timer, stateVersion } = this
    const bytes = [...this.state].reduce((sum, row) => sum + Buffer.byteLength(row.join('')), 0)
    const stored = storedIn(this.state, bytes)
    const { stateVersion: version = 1 } = (processor.constructor as Partial<ProcessorClass>).processor ?? {}
    const outcomes = run(
      processor,
      version,
      { stream: 'trial', options, inputs, timer, state: stored, stateVersion },
      this.limits,
      undefined,
      (error) => this.thrown.push(error),
    )
    for (const { state } of outcomes) applyChanges(this.state, state?.changes ?? [])
    this.stateVersion = version
    this.timer = outcomes.at(-1)?.timer
    this.at = Math.max(this.at, ...inputs.map(({ at }) => at))
    return outcomes.flatMap(({ lines }) => lines.map(resultOf))
  }
}

function resultOf(line: string): TrialResult {
  const { data, code } = JSON.parse(line) as { data?: unknown; code?: string }
  return code === undefined ? { data } : { error: code }
}
