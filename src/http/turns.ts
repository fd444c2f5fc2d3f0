import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/schema.js'
import { isRead } from './methods.js'

/**
 * Reads that go on in one turn of the event loop. A turn reads from every socket that has something to read, and what that sets off is
 * part of it: of 5,000 readers that came back at once one took up to 1.5 s, in which nobody else was served. With 32 the longest took
 * 0.3 s, most of it parsing, and the p99 fell from 230 (with 128) to 55 ms.
 */
const READS_A_TURN = 32

/**
 * The same of sends and whatever else is appended. With 32 the embedded log has the next batch while it writes one: 128 connections had
 * 8,800 for 7,500 acks a second, 800 a p99 of 270 for 475 ms. Kafka takes long for an append and little more for a large one: with 256
 * for 32, 1,000 connections had 1.4 times the acks a second.
 */
const APPENDS_A_TURN: Readonly<Record<Config['engine'], number>> = { embedded: 32, kafka: 256 }

/** Lets requests to a server go on turn by turn, readers beside those who append. They are admitted before. */
export function installTurns(fastify: FastifyInstance, engine: Config['engine']): void {
  const reads = new Turns(READS_A_TURN)
  const appends = new Turns(APPENDS_A_TURN[engine])
  fastify.addHook('onRequest', ({ method }, _reply, done) => {
    const turns = isRead(method) ? reads : appends
    turns.take(done)
  })
}

/** Lets requests go on in the order of their arrival, a bounded number a turn. */
export class Turns {
  private readonly waiting: (() => void)[] = []
  private taken = 0

  constructor(private readonly atMost: number) {}

  /** Calls `go` now or, if this turn has had its number, in one of the next. */
  take(go: () => void): void {
    if (this.taken === 0) setImmediate(this.next)
    if (this.taken++ < this.atMost) go()
    else this.waiting.push(go)
  }

  private readonly next = (): void => {
    const ready = this.waiting.splice(0, this.atMost)
    // Those that still wait count, too: nobody who comes now goes before them.
    this.taken = ready.length + this.waiting.length
    if (this.taken > 0) setImmediate(this.next)
    for (const go of ready) go()
  }
}
