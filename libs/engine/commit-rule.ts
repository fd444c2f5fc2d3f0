import type { Commit } from './commit.js'

/** How far a reader of a commit log has come: the offset of the newest marker, and the number of the last commit that counted behind it. */
export interface RuleState {
  /** -1 before the first marker. */
  readonly epoch: number
  readonly n: number
}

/**
 * Which records of a partition's commit log count. Whoever takes the partition appends a marker, whose offset names the epoch of the
 * commits behind it. All who read the log apply the rule in its order, so all drop the same: what a former owner still writes, what
 * follows a commit that was lost, and what a client library wrote twice.
 */
export class CommitRule {
  private state: RuleState

  constructor(state: RuleState = { epoch: -1, n: 0 }) {
    this.state = state
  }

  /** To go on from later. */
  get reached(): RuleState {
    return this.state
  }

  /** A marker always counts. */
  mark(offset: number): void {
    this.state = { epoch: offset, n: 0 }
  }

  /** Whether the commit counts; to be asked once for each, in log order. */
  counts({ epoch, n }: Pick<Commit, 'epoch' | 'n'>): boolean {
    const isNext = epoch === this.state.epoch && n === this.state.n + 1
    if (isNext) this.state = { epoch, n }
    return isNext
  }
}
