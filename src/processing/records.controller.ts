import { Controller } from '@nestjs/common'
import { EventPattern, Payload } from '@nestjs/microservices'
import { errorResult, successResult } from '#libs/contract'
import { RECORDS, type RecordToProcess } from './batch.js'
import { PROCESSORS } from '../processors/index.js'

/** Where records become results. A record that fails hurts only itself: its result is an error, at its place. */
@Controller()
export class RecordsController {
  @EventPattern<string>(RECORDS)
  process(@Payload() batch: readonly RecordToProcess[]): readonly string[] {
    return batch.map((record) => this.resultOf(record))
  }

  private resultOf({ settings, text }: RecordToProcess): string {
    const processor = PROCESSORS.get(settings?.processor ?? '')
    if (processor === undefined) return errorResult('processor_failed')
    try {
      return successResult(processor.process(JSON.parse(text)))
    } catch {
      // Its reader is told; what exactly failed is the processor's to log, never the payload.
      return errorResult('processor_failed')
    }
  }
}
