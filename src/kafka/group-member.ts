import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { Kafka } from 'kafkajs'
import type { Membership } from './broker.js'

/**
 * The group gives a member up that it has not heard of for this long: the least that brokers allow by default
 * (`group.min.session.timeout.ms`), so that the partitions of a replica that was killed go on elsewhere within 15 s.
 */
const SESSION_MS = 6_000
const HEARTBEAT_MS = 2_000

/** kafkajs looks this often whether a heartbeat is due, while there is nothing to fetch. */
const POLL_MS = 250

/** How long the group waits for members to join anew. */
const REBALANCE_MS = 10_000

/** Between two attempts to join, give or take half. */
const RETRY_MS = 500

/** Of the client that members are made with: the first group of a cluster is refused until its topic of offsets exists, for some seconds. */
export const GROUP_RETRY = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 8 } as const

export interface GroupOptions {
  readonly groupId: string
  readonly topic: string
  /** See Broker.join. */
  readonly assign: (partitions: readonly number[]) => void
  /** Gets a line when this member joins, and when it may have been expelled. */
  readonly log: (message: string) => void
}

/** A member of a group that only shares partitions out: all are kept paused, and none is ever read. */
export class GroupMember implements Membership {
  private partitions: readonly number[] = []
  private heardAt = -Infinity
  /** Undefined before the first attempt has come to an end. */
  private belongs: boolean | undefined
  private session: NodeJS.Timeout | undefined
  private readonly leaving = new AbortController()
  private readonly left = once(this.leaving.signal, 'abort')
  private readonly over: Promise<void>

  /** Joins, and joins again for as long as it has not left. */
  constructor(
    private readonly kafka: Kafka,
    private readonly options: GroupOptions,
  ) {
    this.over = this.stayIn()
  }

  fresh(): { readonly partitions: readonly number[]; readonly ageMs: number } {
    return { partitions: this.partitions, ageMs: performance.now() - this.heardAt }
  }

  async leave(): Promise<void> {
    this.leaving.abort()
    await this.over
  }

  private async stayIn(): Promise<void> {
    const { signal } = this.leaving
    while (!signal.aborted) {
      try {
        await this.belong()
      } catch (error) {
        this.partitions = []
        this.expelled(error instanceof Error ? error.message : String(error))
      }
      await wait(RETRY_MS * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined)
    }
    clearTimeout(this.session)
    this.partitions = []
  }

  /**
   * Resolves when this has left.
   * @throws Error when kafkajs has given up
   */
  private async belong(): Promise<void> {
    const { groupId, topic } = this.options
    const consumer = this.kafka.consumer({
      groupId,
      sessionTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_MS,
      maxWaitTimeInMs: POLL_MS,
      allowAutoTopicCreation: false,
      retry: { ...GROUP_RETRY, restartOnFailure: () => Promise.resolve(false) },
    })
    const { GROUP_JOIN, HEARTBEAT, CRASH } = consumer.events
    consumer.on(GROUP_JOIN, ({ payload }) => {
      consumer.pause([{ topic }])
      this.joined(payload.memberAssignment[topic] ?? [])
    })
    consumer.on(HEARTBEAT, () => this.heard())
    const crashed = new Promise<Error>((resolve) => consumer.on(CRASH, ({ payload }) => resolve(payload.error)))
    try {
      await consumer.connect()
      await consumer.subscribe({ topic })
      // Over when it has joined, or crashed.
      await consumer.run({ autoCommit: false })
      const end = await Promise.race([crashed, this.left])
      if (end instanceof Error) throw end
    } finally {
      await consumer.disconnect()
    }
  }

  private joined(partitions: readonly number[]): void {
    this.partitions = [...partitions].sort((a, b) => a - b)
    this.belongs = false
    this.heard()
  }

  private heard(): void {
    this.heardAt = performance.now()
    clearTimeout(this.session)
    this.session = setTimeout(() => this.expelled(`no word from it for ${SESSION_MS} ms`), SESSION_MS)
    if (this.belongs === true || this.leaving.signal.aborted) return
    this.belongs = true
    this.options.log(`In group ${this.options.groupId} with partitions ${this.partitions.join(', ') || 'none'}.`)
    this.options.assign(this.partitions)
  }

  private expelled(reason: string): void {
    clearTimeout(this.session)
    if (this.belongs === false || this.leaving.signal.aborted) return
    this.belongs = false
    // Nothing is given back: with its coordinator a group is silent for 15 s and more, and until it has come together again nobody else
    // would have the partitions.
    this.options.log(`Not in group ${this.options.groupId}: ${reason}`)
  }
}
