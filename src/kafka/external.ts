import type { Claim } from '#libs/engine'
import type { RunLimits } from '#libs/processor'
import { NOTHING, type BatchHandler, type ExternalProcessing } from '../processing/batch.js'
import type { Broker } from './broker.js'
import { ClaimedWork } from './claimed-work.js'

/** Between two lines about what was dropped, in ms. */
const TELL_MS = 60_000

/** Has the records of this replica's partitions processed by a job outside, through the topics of work and of what is done. */
export class External implements ExternalProcessing {
  private readonly claimed = new Set<ClaimedWork>()
  private readonly dropped = { malformed: 0, unknown: 0 }
  private toldAt = -Infinity

  constructor(
    private readonly broker: Broker,
    private readonly limits: RunLimits,
    private readonly log: (message: string) => void,
  ) {}

  handlerFor({ partition, over = new AbortController().signal }: Claim): BatchHandler {
    const { broker, limits, log } = this
    const dropped = this.drop.bind(this)
    const work = new ClaimedWork({ broker, partition, over, limits, dropped, log })
    this.claimed.add(work)
    over.addEventListener('abort', () => this.claimed.delete(work))
    return (batch) => {
      const all = work.process(batch)
      // A stream whose answers take long is left to itself, and the owner goes on with the others.
      return Promise.resolve(batch.map(async (_work, index) => (await all)[index] ?? NOTHING))
    }
  }

  /** What those who run it should know; undefined while the job answers. */
  note(): string | undefined {
    const [late, ...more] = [...this.claimed].flatMap((work) => work.late ?? [])
    if (late === undefined) return undefined
    const { partition, offset, seconds } = late
    const others = more.length === 0 ? '' : `, and so for ${more.length} more partitions`
    return `external processing has not answered for ${seconds} s (partition ${partition}, offset ${offset}${others})`
  }

  /** Twins are nothing to worry about, so they are told of once in a while only. */
  private drop(partition: number, kind: 'malformed' | 'unknown'): void {
    this.dropped[kind]++
    const now = performance.now()
    if (now - this.toldAt < TELL_MS) return
    this.toldAt = now
    const { malformed, unknown } = this.dropped
    this.dropped.malformed = this.dropped.unknown = 0
    this.log(
      `Dropped of what external processing has answered: ${malformed} malformed, ${unknown} that nobody waits for; ` +
        `the last one in partition ${partition}.`,
    )
  }
}
