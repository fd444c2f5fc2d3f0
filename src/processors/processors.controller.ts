import { Controller, Get } from '@nestjs/common'
import type { ProcessorDescription } from '#libs/contract'
import { Documented } from '../http/call.js'
import { listProcessors } from './calls.js'
import { Processors } from './processors.js'

/** Says what can be done to records. */
@Controller('processors')
export class ProcessorsController {
  constructor(private readonly processors: Processors) {}

  @Get()
  @Documented(listProcessors)
  list(): { status: 'success'; message: string; processors: ProcessorDescription[] } {
    const processors = [...this.processors.all.values()].map(({ name, identity, optionsSchema }) => ({
      name,
      description: identity.description ?? '',
      deterministic: identity.deterministic ?? false,
      options: optionsSchema,
    }))
    return { status: 'success', message: 'Processors', processors }
  }
}
