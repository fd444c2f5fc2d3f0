import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common'
import { SchedulerRegistry } from '@nestjs/schedule'
import { STREAMS_TOGETHER, type Engine, type StreamHeader, type StreamRef } from '#libs/engine'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { ENGINE } from '../engine.token.js'
import { isFaded } from '../view/dead-letters.js'
import { View } from '../view/view.js'
import { Readers } from './readers.js'

/** The task runs this often, or ten times in the server's idle timeout if that is more often. */
const INTERVAL_MS = 1_000

/**
 * Cleans up inactive streams, and calls processors that wait for the clock. It only asks: streams with readers get a sign of life into the log, and when one seems due a tick goes
 * there; the owner decides, in log order, so a send that stands before the tick keeps its stream alive.
 */
@Injectable()
export class IdleTask implements OnApplicationBootstrap {
  private readonly logger = new Logger('IdleTask')
  private running = false
  /** Offsets of the newest ticks from here, by partition. */
  private readonly ticks: number[] = []

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(ENGINE) private readonly engine: Engine,
    private readonly view: View,
    private readonly readers: Readers,
    private readonly scheduler: SchedulerRegistry,
  ) {}

  onApplicationBootstrap(): void {
    const ms = Math.min(INTERVAL_MS, Math.ceil(this.config.streamIdleTimeoutMs / 10))
    const interval = setInterval(() => void this.run(), ms)
    interval.unref()
    this.scheduler.addInterval('idle-streams', interval)
  }

  /** One pass; passes do not overlap. */
  async run(): Promise<void> {
    if (this.running) return
    this.running = true
    try {
      // Before the signs of life, and given with the tick: on a disk that takes its time, streams with readers would else be due by the
      // time of the tick.
      const asOf = this.engine.now()
      const [alive, due] = [this.alive(asOf), this.due(asOf)]
      // Each partition by itself: one whose log takes nothing must not keep the others' streams from a sign of life.
      const passes = [...new Set([...alive.keys(), ...due])].map((partition) =>
        this.pass(partition, alive.get(partition) ?? [], due.has(partition) ? asOf : undefined),
      )
      await Promise.all(passes)
    } finally {
      this.running = false
    }
  }

  private async pass(partition: number, alive: readonly StreamRef[], asOf: number | undefined): Promise<void> {
    try {
      for (let from = 0; from < alive.length; from += STREAMS_TOGETHER)
        await this.engine.append(partition, { kind: 'alive', streams: alive.slice(from, from + STREAMS_TOGETHER) })
      if (asOf !== undefined) this.ticks[partition] = await this.engine.append(partition, { kind: 'tick', asOf })
    } catch (error) {
      // The log says for itself why it takes nothing; the next pass tries again.
      this.logger.debug({ message: 'idle pass failed', partition, error: String(error) })
    }
  }

  /** Streams with readers, by partition; each at most every third of its idle timeout. */
  private alive(now: number): Map<number, StreamRef[]> {
    const read = this.readers.readStreams.filter(([id, incarnation]) => {
      const header = this.view.headers.get(id)
      if (header?.incarnation !== incarnation || header.status !== 'open') return false
      return now - header.activeAt >= header.settings.idleTimeoutMs / 3
    })
    const byPartition = new Map<number, StreamRef[]>()
    for (const ref of read) {
      const partition = this.engine.partitionOf(ref[0])
      const known = byPartition.get(partition)
      if (known === undefined) byPartition.set(partition, [ref])
      else known.push(ref)
    }
    return byPartition
  }

  /** Partitions of streams that seem due. */
  private due(now: number): Set<number> {
    const partitions = new Set<number>()
    for (const header of this.view.headers.active.values()) {
      if (!this.isDue(header, now)) continue
      const partition = this.engine.partitionOf(header.id)
      if (!this.isAsked(header, partition)) partitions.add(partition)
    }
    return partitions
  }

  /** One that is behind seems due until it has come to its tick: more of them would only wait with it. */
  private isAsked({ id }: StreamHeader, partition: number): boolean {
    return this.view.reached(partition, id) <= (this.ticks[partition] ?? -1)
  }

  /** A stream that has been closing for long has lost its seal: the tick brings a new one. A tick removes dead letters that are too old. */
  private isDue(header: StreamHeader, now: number): boolean {
    const { status, activeAt, closedAt = 0, timer = Infinity, settings, letters } = header
    const sealedWithinMs = 2 * this.config.closingGraceMs + INTERVAL_MS
    if (status === 'closing') return now - closedAt >= sealedWithinMs
    if (letters !== undefined && isFaded(letters.oldestAt, header, now)) return true
    return now >= timer || now - activeAt >= settings.idleTimeoutMs
  }
}
