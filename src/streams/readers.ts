import { Inject, Injectable, type MessageEvent } from '@nestjs/common'
import { ApiError } from '#libs/contract'
import type { StreamRef } from '#libs/engine'
import type { FastifyReply } from 'fastify'
import { Observable, Subject, type Subscriber as RxSubscriber } from 'rxjs'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import type { Source } from './source.js'
import { Subscriber } from './subscriber.js'

/** Heartbeats are spread over the interval, so that no turn writes to all readers. */
const HEARTBEAT_SLOTS = 15

interface Connection {
  readonly subscriber: Subscriber<unknown>
  readonly response: RxSubscriber<MessageEvent>
}

/** The readers connected to this process. */
@Injectable()
export class Readers {
  private readonly slots = Array.from({ length: HEARTBEAT_SLOTS }, () => new Set<Connection>())
  private readonly streams = new Map<string, { readonly ref: StreamRef; readers: number }>()
  private count = 0
  private slot = 0
  private stopping = false
  private readonly off = new Subject<void>()

  constructor(@Inject(CONFIG) private readonly config: Config) {
    setInterval(() => {
      this.heartbeat()
    }, config.heartbeatMs / HEARTBEAT_SLOTS).unref()
  }

  /**
   * The response of one reader, for `@Sse`, which owns the connection: its headers, its end, and word of the client's leaving. The
   * frames are written past it, since it would encode each once per reader and invent ids.
   * @throws ApiError `overloaded` | `shutting_down`
   */
  open<Position>(
    reply: FastifyReply,
    source: Source<Position>,
    position: Position,
    opening: string,
    ref?: StreamRef,
  ): Observable<MessageEvent> {
    this.admit()
    return new Observable((response) => {
      const isHead = reply.request.method === 'HEAD'
      // Headers, comment, first block and first page leave in one write. Pipelined behind another response, it has no socket yet.
      const socket = isHead ? null : reply.raw.socket
      socket?.cork()
      // A comment commits the headers in this tick; its own text follows later, so frames start in the next turn.
      response.next({ comment: '' })
      if (isHead) return undefined
      const onEnd = (): void => {
        response.complete()
      }
      const subscriber = new Subscriber(source, position, reply.raw, this.config.readerBudgetBytes, onEnd)
      const connection = { subscriber, response }
      const slot = this.slots[this.count % HEARTBEAT_SLOTS]
      slot?.add(connection)
      const leave = this.enter(ref)
      setImmediate(() => {
        subscriber.start(opening)
        socket?.uncork()
      })
      return () => {
        subscriber.stop()
        slot?.delete(connection)
        leave()
      }
    })
  }

  /**
   * One reader more, who waits for results without an event stream; the returned function ends that.
   * @throws ApiError `overloaded` | `shutting_down`
   */
  wait(ref: StreamRef): () => void {
    this.admit()
    return this.enter(ref)
  }

  /** Emits when readers are sent off: whoever waits for results stops waiting. */
  get sentOff(): Observable<void> {
    return this.off
  }

  readersOf(incarnation: string): number {
    return this.streams.get(incarnation)?.readers ?? 0
  }

  /** Streams with readers here. */
  get readStreams(): StreamRef[] {
    return [...this.streams.values()].map(({ ref }) => ref)
  }

  /** Ends every response where it is: each can be resumed, at another server too. New readers are refused. */
  sendOff(): void {
    this.stopping = true
    this.off.next()
    for (const slot of this.slots) for (const { response } of [...slot]) response.complete()
  }

  private admit(): void {
    if (this.stopping) throw new ApiError('shutting_down')
    if (this.count >= this.config.maxReaders) throw new ApiError('overloaded')
  }

  private enter(ref: StreamRef | undefined): () => void {
    this.count++
    const stream = ref && (this.streams.get(ref[1]) ?? { ref, readers: 0 })
    if (stream !== undefined) {
      stream.readers++
      this.streams.set(stream.ref[1], stream)
    }
    return () => {
      this.count--
      if (stream !== undefined && --stream.readers === 0) this.streams.delete(stream.ref[1])
    }
  }

  private heartbeat(): void {
    this.slot = (this.slot + 1) % HEARTBEAT_SLOTS
    for (const { subscriber } of this.slots[this.slot] ?? []) subscriber.heartbeat()
  }
}
