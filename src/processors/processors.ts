import { Injectable } from '@nestjs/common'
import { DiscoveryService } from '@nestjs/core'
import { ApiError } from '#libs/contract'
import type { ProcessorClass, RecordProcessor } from '#libs/processor'
import { KnownProcessor } from './known-processor.js'

const NAME = /^[A-Za-z0-9._-]{1,128}$/

/** The processors there are: every provider of the application whose class is one. */
@Injectable()
export class Processors {
  private found: ReadonlyMap<string, KnownProcessor> | undefined

  constructor(private readonly discovery: DiscoveryService) {}

  /** By name, in the order of names. */
  get all(): ReadonlyMap<string, KnownProcessor> {
    // Not in a hook of the module's: processing may begin before any is called.
    return (this.found ??= this.discover())
  }

  /** @throws ApiError `unknown_processor` */
  find(name: string): KnownProcessor {
    const known = this.all.get(name)
    if (known !== undefined) return known
    const message = `There is no processor of that name. There are: ${[...this.all.keys()].join(', ')}.`
    throw new ApiError('unknown_processor', { message })
  }

  private discover(): ReadonlyMap<string, KnownProcessor> {
    const found = new Map<string, KnownProcessor>()
    for (const { metatype, instance } of this.discovery.getProviders()) {
      const { processor } = (metatype ?? {}) as Partial<ProcessorClass>
      if (processor === undefined) continue
      if (!NAME.test(processor.name)) throw new Error(`"${processor.name}" is no name for a processor.`)
      if (found.has(processor.name)) throw new Error(`There are two processors with the name "${processor.name}".`)
      found.set(processor.name, new KnownProcessor(processor, instance as RecordProcessor))
    }
    return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}
