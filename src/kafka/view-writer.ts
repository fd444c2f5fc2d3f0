import { setTimeout as wait } from 'node:timers/promises'
import { ApiError } from '#libs/contract'
import { charsOf, Lane, type Commit, type CommitSink } from '#libs/engine'
import { firstValueFrom, Subject } from 'rxjs'
import type { Store } from '../view/store.js'
import { writeState, type TailState } from './tail-state.js'

/** How often what found no room on the disk is tried again. */
const RETRY_MS = 250

/** Rows gather this long, unless they tell events: nobody else waits for them, since the log has them. */
const REST_MS = 200

/** What a message of a commit log leaves in the store: how far its partition has come, and the commit if it counted. */
export interface Passed {
  readonly partition: number
  readonly state: TailState
  readonly commit?: Commit
}

/** Brings the view to the disk, in one transaction with the positions it has been read up to. */
export class ViewWriter {
  private readonly lane = new Lane<Passed>((batch) => this.write(batch), { restMs: REST_MS })
  private unsettledChars = 0
  private closing = false
  private leftOut = false
  private readonly settled = new Subject<void>()

  /**
   * @param epoch version of the row `epoch` of the store, which tells its present process
   * @param onLost called once when another process has taken the store over, or its disk has failed
   */
  constructor(
    private readonly store: Store,
    private readonly epoch: number,
    private readonly sink: CommitSink,
    private readonly maxUnsettledChars: number,
    private readonly onLost: (reason: string) => void,
  ) {}

  add(passed: Passed): void {
    const { commit } = passed
    if (commit !== undefined) this.unsettledChars += charsOf(commit)
    this.lane.add(passed, commit?.streams.some(({ event }) => event !== undefined) === true)
  }

  /** Resolves when there is room for more: a bounded number of characters is on its way to the disk. */
  async room(): Promise<void> {
    while (this.unsettledChars >= this.maxUnsettledChars && !this.leftOut) await firstValueFrom(this.settled)
  }

  /** Resolves when everything added is on the disk, or given up. */
  async close(): Promise<void> {
    this.closing = true
    await this.lane.idle()
  }

  private async write(batch: readonly Passed[]): Promise<void> {
    const commits = batch.flatMap(({ commit }) => commit ?? [])
    const states = new Map(batch.map(({ partition, state }) => [partition, state]))
    const write = (): void => {
      for (const [partition, state] of states) writeState(this.store, partition, state)
      this.sink.write(commits)
    }
    while (!this.leftOut && !(await this.tryWrite(write))) {
      // What is left out is in the log: the next start reads it there.
      if (this.closing) this.leaveOut()
      else await wait(RETRY_MS, undefined, { ref: false })
    }
    if (this.leftOut) return
    for (const commit of commits) {
      this.sink.settle(commit)
      this.unsettledChars -= charsOf(commit)
    }
    this.settled.next()
  }

  private leaveOut(): void {
    this.leftOut = true
    this.settled.next()
  }

  private async tryWrite(write: () => void): Promise<boolean> {
    try {
      if (await this.store.transact('epoch', this.epoch, write, this.unsettledChars)) return true
      this.lose('another process has taken DATA_DIR over')
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (!this.store.sound) this.lose('the disk of DATA_DIR has failed')
    }
    return false
  }

  private lose(reason: string): void {
    if (this.leftOut) return
    this.leaveOut()
    this.onLost(reason)
  }
}
