import { HttpException } from '@nestjs/common'
import { ApiError, decodeCursor, encodeCursor, encodeOpening } from '#libs/contract'
import { cursorOf, type Beginning } from '../../src/streams/opening.js'
import { encodeReset, StreamSource } from '../../src/streams/stream-source.js'
import { Subscriber } from '../../src/streams/subscriber.js'
import type { Random } from '../support/random.js'
import type { SimulatedCluster } from './simulated-cluster.js'
import type { Parts, SimulatedReplica } from './simulated-replica.js'
import { SimulatedSocket } from './simulated-socket.js'

const BUDGET_BYTES = 400

/** What the reader's stream is known to be by those who were answered. */
export interface Knowledge {
  /** Whether it is certain that the stream is there. */
  exists(stream: string): boolean
  /** The life that a start was acked with, if nothing can have begun another since. */
  life(stream: string): string | undefined
  /** Whether the stream may have had several lives. */
  restarted(stream: string): boolean
  /** Whether a view may lack old results. */
  readonly trimmed: boolean
}

export interface ReaderPorts {
  readonly cluster: SimulatedCluster
  readonly random: Random
  readonly knowledge: Knowledge
  /** Any replica that takes calls. */
  readonly replica: () => SimulatedReplica | undefined
  readonly observe: (incarnation: string, seq: number, data: string) => void
  readonly violation: (what: string) => void
}

interface Connection {
  readonly replica: SimulatedReplica
  readonly life: string | undefined
  readonly exists: boolean
  socket?: SimulatedSocket
  subscriber?: Subscriber
  leave?: () => void
}

/** A client that reads a stream as an EventSource does: it comes back with the last id it has seen, to any replica. */
export class SimulatedReader {
  /** It was told that nothing more comes. */
  over = false
  /** Where it stands. */
  incarnation: string | undefined
  seq: number | 'end' = 0
  endReason: string | undefined
  /** The newest result before the end. */
  endedAt = 0
  private lastId: string | undefined
  private connection: Connection | undefined
  private unread = ''
  /** The opening named another position than it had: a reset must tell why. */
  private moved = false

  constructor(
    private readonly ports: ReaderPorts,
    readonly name: string,
    readonly stream: string,
  ) {}

  get connected(): boolean {
    return this.connection !== undefined
  }

  isAt(replica: SimulatedReplica): boolean {
    return this.connection?.replica === replica
  }

  connect(): void {
    const { knowledge, replica: choose } = this.ports
    const replica = choose()
    const parts = replica?.serving
    if (this.over || this.connection !== undefined) return
    if (replica === undefined || parts === undefined) return this.later()
    // Where the view has it open still, it is told of the end of that life only when the view has gone on.
    const isOpen = parts.view.headers.get(this.stream)?.status === 'open'
    const life = isOpen ? undefined : knowledge.life(this.stream)
    const connection: Connection = { replica, life, exists: knowledge.exists(this.stream) }
    this.connection = connection
    this.unread = ''
    replica.within(() => {
      parts.openings.find(this.stream, { lastEventId: this.lastId, from: undefined }).then(
        (beginning) => this.open(connection, parts, beginning),
        (error: unknown) => this.answer(connection, () => this.refused(connection, error)),
      )
    })
  }

  /** Leaves the replica it is at, and comes back somewhere. */
  move(): void {
    this.lose()
    this.later()
  }

  /** The connection is no more; the process, if it still runs, learns so. */
  lose(): void {
    const { connection } = this
    this.connection = undefined
    if (connection === undefined) return
    const { socket, subscriber, leave, replica } = connection
    socket?.cut()
    const part = (): void => {
      subscriber?.stop()
      leave?.()
    }
    this.ports.cluster.time.schedule(this.ports.cluster.latency(), part, replica.process)
  }

  private later(): void {
    const { cluster, random } = this.ports
    cluster.time.schedule(random.int(5, 300), () => this.connect(), undefined)
  }

  private open(connection: Connection, parts: Parts, beginning: Beginning): void {
    const { cluster, random } = this.ports
    const { header, position, reset } = beginning
    const notice = reset === undefined ? '' : encodeReset(header.incarnation, reset)
    const { replica } = connection
    const socket = new SimulatedSocket(cluster, replica.process, random.int(1, 600), (text) => {
      if (this.connection === connection) this.receive(text)
    })
    const source = new StreamSource(parts.view, header)
    const subscriber = new Subscriber(source, position, socket, BUDGET_BYTES, () => {
      leave()
      socket.end(() => this.closed(connection))
    })
    const leave = replica.readers.wait([header.id, header.incarnation])
    Object.assign(connection, { socket, subscriber, leave })
    setImmediate(() => {
      subscriber.start(encodeOpening(0, cursorOf(beginning)) + notice)
    })
  }

  private answer(connection: Connection, arrived: () => void): void {
    const { cluster } = this.ports
    const unlessLost = (): void => {
      if (this.connection === connection) arrived()
    }
    cluster.time.schedule(cluster.latency(), unlessLost, undefined)
  }

  private closed(connection: Connection): void {
    if (this.connection !== connection) return
    this.connection = undefined
    this.later()
  }

  private refused({ exists, life }: Connection, error: unknown): void {
    const { cluster, violation } = this.ports
    this.connection = undefined
    cluster.note(`${this.name} refused: ${String(error)}`)
    if (error instanceof HttpException && error.getStatus() === 204) {
      if (this.seq !== 'end') violation(`${this.name} got 204 before the end`)
      // A new life that was acked before it asked.
      if (life !== undefined && life !== this.incarnation) violation(`${this.name} got 204 for a life that is over`)
      this.over = true
      return
    }
    if (!(error instanceof ApiError)) violation(`${this.name}: ${String(error)}`)
    // It may be deleted while the reader waits for its answer.
    else if (error.code === 'stream_not_found' && exists && this.ports.knowledge.exists(this.stream))
      violation(`${this.name} got 404 of ${this.stream}`)
    else if (error.code === 'stream_not_found') this.over = true
    if (!this.over) this.later()
  }

  private receive(text: string): void {
    const blocks = (this.unread + text).split('\n\n')
    this.unread = blocks.pop() ?? ''
    for (const block of blocks) if (block !== ':') this.take(block)
  }

  private take(block: string): void {
    this.ports.cluster.note(`${this.name} < ${block.replaceAll('\n', ' ')}`)
    const [, opens, name, id = '', data = ''] =
      /^(retry: \d+\n)?(?:event: (.*)\n)?id: ([^\n]*)(?:\ndata: (.*))?$/.exec(block) ?? []
    const cursor = decodeCursor(id)
    if (cursor === undefined) return this.wrong(`got no cursor: ${block}`)
    if (opens !== undefined) this.opened(id)
    else if (name === 'reset') this.reset(data)
    else if (this.moved) return this.wrong(`was moved without a reset: ${block}`)
    else if (name !== undefined) this.ended(cursor.incarnation, data)
    else this.result(cursor.incarnation, cursor.seq, data)
    this.lastId = id
    if (opens !== undefined || name === 'reset') {
      this.incarnation = cursor.incarnation
      this.seq = cursor.seq
    }
  }

  private opened(id: string): void {
    const { trimmed } = this.ports.knowledge
    this.moved = this.lastId !== undefined && this.lastId !== id
    if (this.lastId === undefined && !trimmed && !id.endsWith('-0')) this.wrong(`began at ${id}`)
  }

  private reset(data: string): void {
    const { knowledge } = this.ports
    const { reason } = JSON.parse(data) as { reason: string }
    this.moved = false
    const allowed =
      reason === 'incarnation' ? knowledge.restarted(this.stream) : reason === 'trimmed' && knowledge.trimmed
    if (!allowed) this.wrong(`was reset: ${data}`)
  }

  private result(incarnation: string, seq: number | 'end', data: string): void {
    const next = this.seq === 'end' ? NaN : this.seq + 1
    if (incarnation !== this.incarnation || seq !== next)
      return this.wrong(`got ${encodeCursor(incarnation, seq)} at ${this.incarnation}-${this.seq}`)
    this.ports.observe(incarnation, seq, data)
    this.seq = seq
  }

  private ended(incarnation: string, data: string): void {
    const life = this.connection?.life
    if (incarnation !== this.incarnation || this.seq === 'end') return this.wrong(`got a second end`)
    if (life !== undefined && life !== incarnation) this.wrong('got the end of a life that is over')
    const { reason } = JSON.parse(data) as { reason: string }
    this.endReason = reason
    this.endedAt = this.seq
    this.seq = 'end'
  }

  private wrong(what: string): void {
    this.ports.violation(`${this.name} of ${this.stream} ${what}`)
  }
}
