import { Inject, Injectable } from '@nestjs/common'
import { DiscoveryService } from '@nestjs/core'
import { ApiError } from '#libs/contract'
import type { ProcessorClass, RecordProcessor } from '#libs/processor'
import { ProcessorError } from '../isolation/processor-error.js'
import { KnownProcessor } from './known-processor.js'
import { OUTSIDE, type Outside } from './outside.js'
import { refusalOf } from './refusal.js'

/** The processors there are: every provider of the application whose class is one, and those from outside. */
@Injectable()
export class Processors {
  private found: ReadonlyMap<string, KnownProcessor> | undefined

  constructor(
    private readonly discovery: DiscoveryService,
    @Inject(OUTSIDE) private readonly outside: Outside,
  ) {}

  /** By name, in the order of names. */
  get all(): ReadonlyMap<string, KnownProcessor> {
    return this.found ?? this.discover()
  }

  /** @throws ApiError `unknown_processor` */
  find(name: string): KnownProcessor {
    const known = this.all.get(name)
    if (known !== undefined) return known
    const message = `There is no processor of that name. There are: ${[...this.all.keys()].join(', ')}.`
    throw new ApiError('unknown_processor', { message })
  }

  /** Not in a hook of the module's: processing may begin before any is called. @throws ProcessorError */
  discover(): ReadonlyMap<string, KnownProcessor> {
    const found = new Map<string, KnownProcessor>()
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
