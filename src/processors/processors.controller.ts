import { Controller, Get } from '@nestjs/common'
import type { ProcessorDescription } from '#libs/contract'
import type { Config } from '../config/schema.js'
import { Documented } from '../http/call.js'
import { listProcessors } from './calls.js'
import { Processors } from './processors.js'

interface ProcessorList {
  readonly status: 'success'
  readonly message: string
  readonly processing: Config['processing']
  readonly processors: ProcessorDescription[]
}

/** Says what can be done to records. */
@Controller('processors')
export class ProcessorsController {
  constructor(private readonly processors: Processors) {}

  @Get()
  @Documented(listProcessors)
  list(): ProcessorList {
    const processors = [...this.processors.all.values()].map(({ name, identity, optionsSchema }) => ({
      name,
      description: identity.description ?? '',
      deterministic: identity.deterministic ?? false,
      options: optionsSchema,
    }))
    return { status: 'success', message: 'Processors', processing: this.processors.processing, processors }
  }
}
