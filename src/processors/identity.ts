import { Processor, type InputRecord, type RecordProcessor } from '#libs/processor'

@Processor('identity', { description: 'Each record is its own result.', deterministic: true, safe: true })
export class Identity implements RecordProcessor {
  process({ value }: InputRecord): [unknown] {
    return [value]
  }
}
