import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common'
import { SchedulerRegistry } from '@nestjs/schedule'
import { STREAMS_TOGETHER, type Engine, type StreamHeader, type StreamRef } from '#libs/engine'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { ENGINE } from '../engine.token.js'
import { View } from '../view/view.js'
import { Readers } from './readers.js'

/** The task runs this often, or ten times in the server's idle timeout if that is more often. */
const INTERVAL_MS = 1_000

/**
 * Cleans up inactive streams. It only asks: streams with readers get a sign of life into the log, and when one seems due a tick goes
 * there; the owner decides, in log order, so a send that stands before the tick keeps its stream alive.
 */
@Injectable()
export class IdleTask implements OnApplicationBootstrap {
  private readonly logger = new Logger('IdleTask')
  private running = false

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
      await this.signAlive(asOf)
      for (const partition of this.due(asOf)) await this.engine.append(partition, { kind: 'tick', asOf })
    } catch (error) {
      // The log says for itself why it takes nothing; the next pass tries again.
      this.logger.debug({ message: 'idle pass failed', error: String(error) })
    } finally {
      this.running = false
    }
  }

  /** At most every third of a stream's idle timeout. */
  private async signAlive(now: number): Promise<void> {
    const read = this.readers.readStreams.filter(([id, incarnation]) => {
      const header = this.view.headers.get(id)
      if (header?.incarnation !== incarnation || header.status !== 'open') return false
      return now - header.activeAt >= header.settings.idleTimeoutMs / 3
    })
    const byPartition = new Map<number, StreamRef[]>()
    for (const ref of read) {
      const partition = this.engine.partitionOf(ref[0])
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), ref])
    }
    for (const [partition, streams] of byPartition)
      for (let from = 0; from < streams.length; from += STREAMS_TOGETHER)
        await this.engine.append(partition, { kind: 'alive', streams: streams.slice(from, from + STREAMS_TOGETHER) })
  }

  /** Partitions of streams that seem due. */
  private due(now: number): Set<number> {
    const partitions = new Set<number>()
    for (const header of this.view.headers.active.values())
      if (isDue(header, now)) partitions.add(this.engine.partitionOf(header.id))
    return partitions
  }
}

/** A stream that has been closing for long has lost its seal: the tick brings a new one. */
function isDue({ status, activeAt, closedAt = 0, settings }: StreamHeader, now: number): boolean {
  return status === 'closing' ? now - closedAt >= INTERVAL_MS : now - activeAt >= settings.idleTimeoutMs
}
