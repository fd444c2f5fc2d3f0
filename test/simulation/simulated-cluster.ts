import type { FetchedRecord } from 'kafkajs/src/protocol/requests/index.js'
import { AppendFailed, type Extent, type Log, type NewMessage } from '../../src/kafka/broker.js'
import type { Random } from '../support/random.js'
import { EPOCH_MS } from './fake-globals.js'
import type { Process, VirtualTime } from './virtual-time.js'

/** Messages that one fetch brings at most. */
const FETCHED_TOGETHER = 20

/** How late an append may be that nobody waits for any more: some outlive the one who made them. */
const LATE_MS = [100, 2_000, 15_000] as const

export interface LoggedMessage {
  readonly at: number
  readonly text: string
}

interface PartitionLog {
  /** All there ever were, by offset. */
  readonly messages: LoggedMessage[]
  /** What is below was trimmed. */
  oldest: number
  readonly waiting: Set<() => void>
}

export type AppendFate = 'none' | 'refused' | 'lost' | 'doubled' | 'unanswered' | 'late'

/** What goes wrong, and how often. */
export interface ClusterFaults {
  /** Part of the appends that something happens to. */
  append: number
  /** Part of the fetches whose answer lacks its first messages. */
  gap: number
  /** Part of the questions for extents that fail. */
  extents: number
  /** Part of the messages on the network that take long. */
  slow: number
}

export interface Fetched {
  readonly records: readonly FetchedRecord[]
  /** Set where the offset asked for is not of the log. */
  readonly outOfRange?: Extent
}

/** Something of a schedule, as everyone could see it: the trace of a seed is the same each time. */
export type Note = (what: string) => void

/** The two logs of a cluster in virtual time, with the network to it: what is asked, and answered, takes its time and may fail. */
export class SimulatedCluster {
  readonly logs: Readonly<Record<Log, readonly PartitionLog[]>>
  faults: ClusterFaults = { append: 0, gap: 0, extents: 0, slow: 0 }
  /** How many faults of each kind there were. */
  readonly injected = new Map<string, number>()

  constructor(
    readonly partitions: number,
    readonly time: VirtualTime,
    private readonly random: Random,
    readonly note: Note,
  ) {
    const empty = (): PartitionLog[] =>
      Array.from({ length: partitions }, () => ({ messages: [], oldest: 0, waiting: new Set() }))
    this.logs = { input: empty(), commits: empty(), work: empty(), done: empty() }
  }

  partition(log: Log, partition: number): PartitionLog {
    const found = this.logs[log][partition]
    if (found === undefined) throw new RangeError(`no partition ${partition}`)
    return found
  }

  /** Asks the cluster from `process`: `serve` runs there, and what it hands to its argument runs in the process when the answer arrives. */
  ask(process: Process, serve: (answer: (arrived: () => void) => void) => void): void {
    const answer = (arrived: () => void): void => void this.time.schedule(this.latency(), arrived, process)
    this.time.schedule(this.latency(), () => serve(answer), undefined)
  }

  append(process: Process, log: Log, partition: number, messages: readonly NewMessage[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.ask(process, (answer) => {
        const fate = this.fateOfAppend()
        const text = messages.map((message) => message.text).join(' | ')
        const store = (): number => this.store(log, partition, messages)
        const note = (first: number | string): void =>
          this.note(`${process.name} append ${log}/${partition} ${fate} ${first}: ${text}`)
        const fail = (outcome: 'nothing' | 'unknown'): void => answer(() => reject(new AppendFailed(outcome)))
        if (fate === 'refused') {
          note('-')
          fail('nothing')
        } else if (fate === 'lost') {
          note('-')
          fail('unknown')
        } else if (fate === 'late') {
          note('-')
          fail('unknown')
          this.time.schedule(this.random.int(1, this.random.pick(LATE_MS)), () => note(store()), undefined)
        } else {
          let first = store()
          note(first)
          if (fate === 'unanswered') fail('unknown')
          else {
            if (fate === 'doubled') first = store()
            answer(() => resolve(first))
          }
        }
      })
    })
  }

  /** Answers with what there is from offset `from` on, as soon as there is something. */
  fetch(log: Log, partition: number, from: number, reply: (fetched: Fetched) => void): void {
    const { messages, oldest, waiting } = this.partition(log, partition)
    const end = messages.length
    if (from < oldest || from > end) reply({ records: [], outOfRange: { oldest, end } })
    else if (from === end) {
      const wake = (): void => {
        waiting.delete(wake)
        this.fetch(log, partition, from, reply)
      }
      waiting.add(wake)
    } else {
      const until = Math.min(end, from + this.random.int(1, FETCHED_TOGETHER))
      const left = until - from > 1 && this.random.chance(this.faults.gap) ? this.random.int(1, until - from - 1) : 0
      if (left > 0) this.count('gap')
      const records = messages.slice(from + left, until).map(({ at, text }, index) => ({
        offset: String(from + left + index),
        timestamp: String(at),
        value: Buffer.from(text),
        isControlRecord: false,
      }))
      reply({ records })
    }
  }

  extent(process: Process, log: Log, partition: number): Promise<Extent> {
    return new Promise((resolve, reject) => {
      this.ask(process, (answer) => {
        if (this.random.chance(this.faults.extents)) {
          this.count('extents failed')
          answer(() => reject(new Error('no leader')))
          return
        }
        const { oldest, messages } = this.partition(log, partition)
        const found = { oldest, end: messages.length }
        answer(() => resolve(found))
      })
    })
  }

  trim(log: Log, partition: number, before: number): void {
    const found = this.partition(log, partition)
    if (before <= found.oldest) return
    found.oldest = Math.min(before, found.messages.length)
    this.count(`${log} trimmed`)
    this.note(`trim ${log}/${partition} to ${found.oldest}`)
  }

  /** Of a message on the network, in ms. */
  latency(): number {
    if (this.random.chance(this.faults.slow)) {
      this.count('slow')
      return this.random.int(20, 400)
    }
    return this.random.int(1, 30) / 10
  }

  count(fault: string): void {
    this.injected.set(fault, (this.injected.get(fault) ?? 0) + 1)
  }

  private store(log: Log, partition: number, messages: readonly NewMessage[]): number {
    const found = this.partition(log, partition)
    const first = found.messages.length
    // Another leader's clock may be behind: log times are made to rise by those who read them.
    const at = EPOCH_MS + Math.floor(this.time.now) - this.random.int(0, 2)
    for (const { text } of messages) found.messages.push({ at, text })
    for (const wake of [...found.waiting]) wake()
    return first
  }

  private fateOfAppend(): AppendFate {
    if (!this.random.chance(this.faults.append)) return 'none'
    const fate = this.random.pick(['refused', 'lost', 'doubled', 'unanswered', 'late'] as const)
    this.count(fate)
    return fate
  }
}
