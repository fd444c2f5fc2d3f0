import { decodeFeedCursor, encodeFeedCursor, type FeedCursor } from '#libs/contract'
import { LifecycleOpenings } from '../../src/streams/lifecycle-opening.js'
import { LifecycleSource, encodeLifecycleReset } from '../../src/streams/lifecycle-source.js'
import type { Source } from '../../src/streams/source.js'
import { Subscriber } from '../../src/streams/subscriber.js'
import { FeedLogs, FeedReplica, feedEventOf } from './feed-replica.js'
import { PARTITIONS, READERS, REPLICAS, type FeedStep, type ReplicaStep } from './feed-schedules.js'
import { SlowSocket } from './slow-socket.js'
import { temporaryFolder } from './temp-folder.js'

/** Small, so that a few events are several pages. */
const PAGE_CHARS = 300

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** One client of the feed, wherever it is connected; checks what it gets. */
export class FeedReader {
  /** How often it was served from the store. */
  pages = 0
  private id: string | undefined
  /** The event of each partition that is next. */
  readonly next = Array<number>(PARTITIONS).fill(0)
  private connection: { replica: FeedReplica; socket: SlowSocket; subscriber: Subscriber<FeedCursor> } | undefined

  constructor(private readonly logs: FeedLogs) {}

  isAt(replica: FeedReplica): boolean {
    return this.connection?.replica === replica
  }

  async connect(replica: FeedReplica): Promise<void> {
    const { engine, view } = replica
    const openings = new LifecycleOpenings(engine, view)
    const { position, reset } = await openings.find({ lastEventId: this.id, from: 'earliest' })
    const notice = reset === undefined ? '' : encodeLifecycleReset(reset, position, view)
    const socket = new SlowSocket(400)
    const subscriber = new Subscriber(this.counted(new LifecycleSource(view)), position, socket, 400, () => undefined)
    this.connection = { replica, socket, subscriber }
    subscriber.start(`id: ${encodeFeedCursor(position)}\n\n${notice}`)
  }

  /** Leaves; of what was sent to it, it has not received the last `lost` blocks. */
  leave(lost: number): void {
    if (this.connection === undefined) return
    const { replica, socket } = this.connection
    this.stop()
    const blocks = socket.text.split('\n\n').slice(0, -1)
    for (const block of blocks.slice(0, Math.max(0, blocks.length - lost))) this.receive(block, replica)
    this.connection = undefined
  }

  stop(): void {
    this.connection?.subscriber.stop()
  }

  drain(): void {
    this.connection?.socket.drain(Infinity)
  }

  /** Sent to it on its connection. */
  get chars(): number {
    return this.connection?.socket.text.length ?? 0
  }

  private counted(source: Source<FeedCursor>): Source<FeedCursor> {
    return {
      page: (position) => {
        this.pages++
        return source.page(position, PAGE_CHARS)
      },
      closing: () => source.closing(),
      live: source.live,
    }
  }

  private receive(block: string, { view }: FeedReplica): void {
    const [, name, id = '', data] = /^(?:event: (.*)\n)?id: (.*?)(?:\ndata: (.*))?$/.exec(block) ?? []
    const cursor = decodeFeedCursor(id, PARTITIONS)
    if (cursor === undefined) throw new Error(`no cursor: ${block}`)
    if (name === 'reset') this.reset(cursor, data ?? '', view.lifecycle.earliest)
    else if (data !== undefined) {
      const { partition, index } = feedEventOf(data)
      if (index !== this.next[partition]) throw new Error(`${block}, but ${this.next[partition]} is next`)
      this.next[partition]++
    } else if (this.id === undefined) for (const [partition, number] of cursor.entries()) this.skip(partition, number)
    else if (id !== this.id) throw new Error(`opened at ${id} instead of ${this.id}`)
    this.id = id
  }

  private reset(cursor: FeedCursor, data: string, earliest: FeedCursor): void {
    const before = decodeFeedCursor(this.id ?? '', PARTITIONS) ?? []
    const { reason } = JSON.parse(data) as { reason: string }
    if (reason !== 'trimmed') throw new Error(`reset for no reason: ${reason}`)
    const moved = [...cursor.entries()].filter(([partition, number]) => number !== before[partition])
    if (moved.length === 0) throw new Error(`reset to where it was: ${data}`)
    for (const [partition, number] of moved) {
      const [from = 0, kept = 0] = [before[partition], earliest[partition]]
      if (number < from || number > kept) throw new Error(`reset of ${partition} to ${number}, not to ${kept}`)
      this.skip(partition, number)
    }
  }

  /** Events of the partition up to the number are not expected any more. */
  private skip(partition: number, number: number): void {
    const passed = this.logs.numbers[partition]?.filter((event) => event <= number).length ?? 0
    this.next[partition] = Math.max(this.next[partition] ?? 0, passed)
  }
}

/** Logs of several partitions, replicas that each take them in an order of their own, and readers that move between them. */
export class FeedWorld {
  readonly logs = new FeedLogs(PARTITIONS)
  readonly readers = Array.from({ length: READERS }, () => new FeedReader(this.logs))
  readonly replicas: readonly FeedReplica[]

  constructor(folders: readonly string[]) {
    this.replicas = folders.map((folder) => new FeedReplica(this.logs, folder))
  }

  static async open(): Promise<FeedWorld> {
    return new FeedWorld(await Promise.all(Array.from({ length: REPLICAS }, () => temporaryFolder())))
  }

  async run(schedule: readonly FeedStep[]): Promise<void> {
    for (const step of schedule) await this.take(step)
    for (const replica of this.replicas) replica.settleAll()
    for (const [index, reader] of this.readers.entries()) {
      reader.leave(0)
      await reader.connect(this.replica(index % REPLICAS))
    }
    await this.calm()
  }

  /** Events of each partition that go live to those who have read all there was. */
  async tellLive(): Promise<void> {
    for (const partition of this.logs.logs.keys()) {
      this.logs.commit(partition, 2)
      for (const replica of this.replicas) replica.settleAll()
      await this.calm()
    }
  }

  async close(): Promise<void> {
    for (const reader of this.readers) reader.stop()
    for (const replica of this.replicas) await replica.close()
  }

  private async take(step: FeedStep): Promise<void> {
    if (step.does === 'commit') this.logs.commit(step.partition, step.events, step.gap)
    else if (step.does === 'cut') this.logs.trim(step.part * this.logs.now, this.replicas)
    else if (step.does === 'drain') for (const reader of this.readers) reader.drain()
    else if (step.does === 'move') await this.move(step)
    else if ('replica' in step) await this.lead(this.replica(step.replica), step)
    else await turn()
  }

  private async move({ reader: index, replica, lost }: FeedStep & { does: 'move' }): Promise<void> {
    const reader = this.readers[index]
    reader?.leave(lost)
    await reader?.connect(this.replica(replica))
  }

  private async lead(replica: FeedReplica, step: ReplicaStep): Promise<void> {
    if (step.does === 'apply') replica.apply(step.partition, step.commits)
    else if (step.does === 'write') replica.write()
    else if (step.does === 'settle') replica.settle()
    else if (step.does === 'trim') replica.trim(step.part * this.logs.now)
    else {
      for (const reader of this.readers) if (reader.isAt(replica)) reader.leave(0)
      await replica[step.does]()
    }
  }

  private replica(index: number): FeedReplica {
    const replica = this.replicas[index]
    if (replica === undefined) throw new RangeError(`There is no replica ${index}.`)
    return replica
  }

  /** Everyone reads until nothing more comes. */
  private async calm(): Promise<void> {
    const written = (): number => this.readers.reduce((sum, reader) => sum + reader.chars, 0)
    for (let before = -1; written() !== before;) {
      before = written()
      for (const reader of this.readers) reader.drain()
      await turn()
      await turn()
    }
  }
}
