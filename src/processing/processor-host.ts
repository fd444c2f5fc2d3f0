import { Inject, Injectable, Logger } from '@nestjs/common'
import { errorResult } from '#libs/contract'
import { run, type Outcome, type RunLimits } from '#libs/processor'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
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
  ) {
    this.limits = {
      state: { valueBytes: config.maxStateValueBytes, streamBytes: config.maxStateBytes },
      results: config.maxResultsPerRecord,
      chars: config.maxCommitBytes,
    }
  }

  process(batch: readonly StreamWork[]): Promise<readonly StreamOutcomes[]> {
    return Promise.resolve(batch.map((work) => this.outcomesOf(work)))
  }

  private outcomesOf(work: StreamWork): StreamOutcomes {
    const { processor: name } = work.settings
    const known = this.processors.all.get(name)
    if (known === undefined) return this.failed(work, name)
    const { instance, stateVersion, identity } = known
    return { outcomes: run(instance, stateVersion, work, this.limits), again: identity.deterministic ?? false }
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
