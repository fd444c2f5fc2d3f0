import { Inject, Injectable } from '@nestjs/common'
import { DiscoveryService } from '@nestjs/core'
import { ApiError } from '#libs/contract'
import type { ProcessorClass, RecordProcessor } from '#libs/processor'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { ProcessorError } from '../isolation/processor-error.js'
import { KnownProcessor } from './known-processor.js'
import { NAME, OUTSIDE, type Outside } from './outside.js'
import { refusalOf } from './refusal.js'

/** What a stream can be started with. */
export interface Startable {
  readonly name: string
  /** Options as given, with defaults filled in. @throws ApiError `invalid_processor_options` */
  optionsFor(given: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>
}

/** The processors there are: every provider of the application whose class is one, and those from outside. */
@Injectable()
export class Processors {
  readonly processing: Config['processing']
  private found: ReadonlyMap<string, KnownProcessor> | undefined

  constructor(
    private readonly discovery: DiscoveryService,
    @Inject(OUTSIDE) private readonly outside: Outside,
    @Inject(CONFIG) config: Pick<Config, 'processing'>,
  ) {
    this.processing = config.processing
  }

  /** By name, in the order of names. None where a job outside processes: what it does is not known here. */
  get all(): ReadonlyMap<string, KnownProcessor> {
    return this.found ?? this.discover()
  }

  /** @throws ApiError `unknown_processor` */
  find(name: string): Startable {
    if (this.processing === 'external') return forJob(name)
    const known = this.all.get(name)
    if (known !== undefined) return known
    const message = `There is no processor of that name. There are: ${[...this.all.keys()].join(', ')}.`
    throw new ApiError('unknown_processor', { message })
  }

  /** Not in a hook of the module's: processing may begin before any is called. @throws ProcessorError */
  discover(): ReadonlyMap<string, KnownProcessor> {
    const found = new Map<string, KnownProcessor>()
    if (this.processing === 'external') return (this.found = found)
    for (const known of [...this.provided(), ...this.outside.processors]) {
      if (found.has(known.name)) throw new ProcessorError(`There are two processors with the name "${known.name}".`)
      found.set(known.name, known)
    }
    return (this.found = new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1))))
  }

  private provided(): KnownProcessor[] {
    return this.discovery.getProviders().flatMap(({ metatype, instance }): KnownProcessor | [] => {
      const { processor } = (metatype ?? {}) as Partial<ProcessorClass>
      if (processor === undefined) return []
      const { safe = false, name } = processor
      const local = instance as RecordProcessor
      if (!safe) {
        const check = local.check && ((options: unknown) => this.outside.check(name, options))
        return new KnownProcessor(processor, undefined, check)
      }
      return new KnownProcessor(processor, local, local.check && (async (options) => refusalOf(local, options)))
    })
  }
}

/** Names and options are the job's to understand. @throws ApiError `unknown_processor` */
function forJob(name: string): Startable {
  if (!NAME.test(name))
    throw new ApiError('unknown_processor', { message: 'The name of a processor is 1 to 128 of A-Z a-z 0-9 . _ -' })
  return { name, optionsFor: (given) => Promise.resolve(structuredClone(given)) }
}
