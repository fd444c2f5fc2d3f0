import type { Input, Outcome, StoredState } from '#libs/processor'
import type { NamedWork } from './packed.js'

/** A stream's work that is done a part at a time: each part begins with what the one before it has left. */
export class CarriedWork {
  readonly outcomes: Outcome[] = []
  private readonly rows: Map<string, string>
  private bytes: number
  private stateVersion: number | undefined
  private timer: number | undefined

  constructor(private readonly work: NamedWork) {
    const { state, stateVersion, timer } = work
    this.rows = new Map([...state.keys('')].map((key) => [key, state.get(key) ?? '']))
    this.bytes = state.bytes
    this.stateVersion = stateVersion
    this.timer = timer
  }

  /** Inputs without an outcome. */
  get left(): readonly Input[] {
    return this.work.inputs.slice(this.outcomes.length)
  }

  /** As work of its own. */
  with(inputs: readonly Input[]): NamedWork {
    const { rows, bytes, timer, stateVersion } = this
    const state: StoredState = {
      bytes,
      get: (key) => rows.get(key),
      keys: (prefix) => [...rows.keys()].filter((key) => key.startsWith(prefix)),
    }
    return { ...this.work, inputs, timer, state, stateVersion }
  }

  /** What came of the next inputs. */
  add(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      this.outcomes.push(outcome)
      this.timer = outcome.timer
      if (outcome.state === undefined) continue
      this.bytes = outcome.state.bytes
      this.stateVersion = outcome.state.version
      for (const [key, value] of outcome.state.changes)
        if (value === null) this.rows.delete(key)
        else this.rows.set(key, value)
    }
  }
}
