import { Inject, Injectable, Logger } from '@nestjs/common'
import { charsOf, failedOutcome, run, type Outcome, type RunLimits } from '#libs/processor'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { Isolation } from '../isolation/isolation.js'
import type { NamedWork } from '../isolation/packed.js'
import { limitsOf } from '../processors/limits.js'
import { Processors } from '../processors/processors.js'
import { NOTHING, type StreamOutcomes, type StreamWork } from './batch.js'

/** When a processor that is not there is called again by the clock. */
const LATER_MS = 60_000

/** Runs processors over what streams have for them. A record that fails hurts only itself: its result is an error, at its place. */
@Injectable()
export class ProcessorHost {
  private readonly logger = new Logger('Processors')
  private readonly limits: RunLimits
  /** Names that streams were started with and that are not there any more. */
  private readonly missing = new Set<string>()

  constructor(
    @Inject(CONFIG) config: Config,
    private readonly processors: Processors,
    private readonly isolation: Isolation,
  ) {
    this.limits = limitsOf(config)
  }

  async process(batch: readonly StreamWork[]): Promise<readonly (StreamOutcomes | Promise<StreamOutcomes>)[]> {
    const apart = batch.filter(({ settings }) => this.runsApart(settings.processor))
    const running = apart.length === 0 ? [] : this.isolation.run(apart.map(named))
    const of = new Map<StreamWork, StreamOutcomes | Promise<StreamOutcomes>>()
    for (const [index, work] of apart.entries()) {
      const coming = running[index]
      // Time and memory have a say in what comes of these: the same record might be killed another time.
      if (coming !== undefined)
        of.set(
          work,
          coming.then(({ outcomes }) => ({ outcomes, again: false })),
        )
    }
    let left = this.limits.together ?? Infinity
    for (const work of batch) {
      if (left <= 0) break
      if (of.has(work)) continue
      const done = this.outcomesOf(work, left)
      for (const outcome of done.outcomes) left -= charsOf(outcome)
      of.set(work, done)
    }
    return batch.map((work) => of.get(work) ?? NOTHING)
  }

  private runsApart(name: string): boolean {
    const known = this.processors.all.get(name)
    return known !== undefined && known.instance === undefined
  }

  private outcomesOf(work: StreamWork, together: number): StreamOutcomes {
    const { processor: name } = work.settings
    const { instance, stateVersion = 1, identity } = this.processors.all.get(name) ?? {}
    if (instance === undefined) return this.failed(work, name)
    const outcomes = run(instance, stateVersion, work, { ...this.limits, together })
    return { outcomes, again: identity?.deterministic ?? false }
  }

  /** The server was started without the processor: with it there again, what comes then is processed. */
  private failed({ inputs, timer }: StreamWork, name: string): StreamOutcomes {
    if (!this.missing.has(name)) this.logger.error({ message: 'no such processor', processor: name })
    this.missing.add(name)
    const outcomes = inputs.map(({ kind, at }): Outcome => {
      if (kind === 'record') return failedOutcome('processor_failed', timer)
      return { lines: [], timer: kind === 'timer' ? at + LATER_MS : undefined }
    })
    return { outcomes, again: false }
  }
}

const named = (work: StreamWork): NamedWork => ({ ...work, processor: work.settings.processor })
