import { Controller } from '@nestjs/common'
import { EventPattern, Payload } from '@nestjs/microservices'
import { RECORDS, type BatchHandler, type StreamWork } from './batch.js'
import { ProcessorHost } from './processor-host.js'

/** Where records become results. */
@Controller()
export class RecordsController {
  constructor(private readonly host: ProcessorHost) {}

  @EventPattern<string>(RECORDS)
  process(@Payload() batch: readonly StreamWork[]): ReturnType<BatchHandler> {
    return this.host.process(batch)
  }
}
