import { applyChanges, storedIn, type Input, type Outcome } from '#libs/processor'
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

  /** As work of its own. */
  with(inputs: readonly Input[]): NamedWork {
    const { rows, bytes, timer, stateVersion } = this
    return { ...this.work, inputs, timer, state: storedIn(rows, bytes), stateVersion }
  }

  /** What came of the next inputs. */
  add(outcomes: readonly Outcome[]): void {
    for (const outcome of outcomes) {
      this.outcomes.push(outcome)
      this.timer = outcome.timer
      if (outcome.state === undefined) continue
      this.bytes = outcome.state.bytes
      this.stateVersion = outcome.state.version
      applyChanges(this.rows, outcome.state.changes)
    }
  }
}
