import { Inject, Injectable, Logger } from '@nestjs/common'
import { errorResult } from '#libs/contract'
import { run, type Outcome, type RunLimits } from '#libs/processor'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { Isolation } from '../isolation/isolation.js'
import type { NamedWork } from '../isolation/packed.js'
import { limitsOf } from '../processors/limits.js'
import { Processors } from '../processors/processors.js'
import type { StreamOutcomes, StreamWork } from './batch.js'

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

  async process(batch: readonly StreamWork[]): Promise<readonly StreamOutcomes[]> {
    const apart = batch.filter(({ settings }) => this.runsApart(settings.processor))
    const running = apart.length === 0 ? [] : this.isolation.run(apart.map(named))
    const here = new Map(batch.flatMap((work) => (apart.includes(work) ? [] : [[work, this.outcomesOf(work)]])))
    const isolated = await running
    for (const [index, work] of apart.entries()) {
      const { outcomes = [], killed = false } = isolated[index] ?? {}
      const { deterministic = false } = this.processors.all.get(work.settings.processor)?.identity ?? {}
      here.set(work, { outcomes, again: deterministic && !killed })
    }
    return batch.map((work) => here.get(work) ?? { outcomes: [], again: false })
  }

  private runsApart(name: string): boolean {
    const known = this.processors.all.get(name)
    return known !== undefined && known.instance === undefined
  }

  private outcomesOf(work: StreamWork): StreamOutcomes {
    const { processor: name } = work.settings
    const { instance, stateVersion = 1, identity } = this.processors.all.get(name) ?? {}
    if (instance === undefined) return this.failed(work, name)
    return { outcomes: run(instance, stateVersion, work, this.limits), again: identity?.deterministic ?? false }
  }

  /** The server was started without the processor: with it there again, what comes then is processed. */
  private failed({ inputs, timer }: StreamWork, name: string): StreamOutcomes {
    if (!this.missing.has(name)) this.logger.error({ message: 'no such processor', processor: name })
    this.missing.add(name)
    const failure: Outcome = { lines: [errorResult('processor_failed')], timer, failed: 'processor_failed' }
    const nothing: Outcome = { lines: [], timer: undefined }
    return { outcomes: inputs.map(({ kind }) => (kind === 'record' ? failure : nothing)), again: true }
  }
}

const named = (work: StreamWork): NamedWork => ({ ...work, processor: work.settings.processor })
