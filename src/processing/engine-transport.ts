import { Server, type CustomTransportStrategy } from '@nestjs/microservices'
import { ApiError } from '#libs/contract'
import type { Engine } from '#libs/engine'
import { isObservable, lastValueFrom } from 'rxjs'
import type { View } from '../view/view.js'
import { RECORDS, type BatchHandler, type ExternalProcessing, type StreamOutcomes } from './batch.js'
import { Owner } from './owner.js'

export interface EngineTransportOptions {
  readonly engine: Engine
  readonly view: View
  readonly maxCommitChars: number
  readonly maxDeadLetterBytes: number
  /** In place of the handler. */
  readonly external?: ExternalProcessing | undefined
  /** Called when the owner of a partition fails for a reason of its own: nothing would be processed any more. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Nest's way into the processor host: hands whole batches of records to the `@EventPattern` handler, for each partition that falls to
 * this process. Without a handler nothing is processed, and nothing is lost.
 */
export class EngineTransport extends Server implements CustomTransportStrategy {
  private readonly owners = new Set<Promise<void>>()

  constructor(private readonly options: EngineTransportOptions) {
    super()
  }

  listen(callback: (error?: unknown) => void): void {
    const { engine, view, maxCommitChars, maxDeadLetterBytes, external, onFailure } = this.options
    const handler = this.getHandlerByPattern(RECORDS)
    const byHandler: BatchHandler = async (batch) => {
      const result: unknown = await handler?.(batch)
      return (isObservable(result) ? await lastValueFrom(result) : result) as readonly StreamOutcomes[]
    }
    engine
      .start(view, (claim) => {
        if (handler === null && external === undefined) {
          this.logger.warn('No handler processes records: sends are kept and wait.')
          return
        }
        const process = external?.handlerFor(claim) ?? byHandler
        const append = engine.append.bind(engine, claim.partition)
        const owns = (stream: string): boolean => engine.partitionOf(stream) === claim.partition
        const owner = new Owner({ claim, view, process, append, owns, maxCommitChars, maxDeadLetterBytes })
        const owned = owner
          .run()
          .catch((error: unknown) => {
            // That a claim is lost is the engine's to tell; the owner only stops.
            if (!(error instanceof ApiError)) onFailure(error)
          })
          .finally(() => this.owners.delete(owned))
        this.owners.add(owned)
      })
      .then(() => {
        callback()
      }, callback)
  }

  /** Resolves when what the owners had begun is committed. */
  async close(): Promise<void> {
    await this.options.engine.close()
    await Promise.all(this.owners)
  }

  on(): never {
    throw new Error('The engine transport has no events to listen to.')
  }

  unwrap<T>(): T {
    return this.options.engine as T
  }
}
