import { Processor, type InputRecord, type RecordProcessor, type Results, type StreamContext } from '#libs/processor'
import { fieldOption, msOption, optionsSchema } from './options.js'
import { perOptions } from './per-options.js'
import { maxGroups } from './window/options.js'
import { windowPlan } from './window/plan.js'
import { Windows } from './window/windows.js'

export interface RateOptions {
  readonly every_ms: number
  readonly key_field?: string
  readonly max_groups: number
}

type Stream = StreamContext<RateOptions>

@Processor('rate', {
  description: 'Tells how many records arrive a second: one result every so often, for as long as there are any.',
  options: optionsSchema({
    every_ms: msOption('The time that one result is about.', { default: 1_000 }),
    key_field: fieldOption('What is counted apart: a text, number or boolean. Without it all records count together.'),
    max_groups: maxGroups,
  }),
  deterministic: true,
  safe: true,
})
export class Rate implements RecordProcessor<unknown, unknown, RateOptions> {
  private readonly windowsOf = perOptions(windows)

  process(record: InputRecord, stream: Stream): Results {
    return this.windowsOf(stream.options).add(record, stream)
  }

  onTimer(at: number, stream: Stream): Results {
    return this.windowsOf(stream.options).onTimer(at, stream)
  }

  onEnd(_at: number, stream: Stream): Results {
    return this.windowsOf(stream.options).end(stream)
  }

  check(options: RateOptions): void {
    windows(options)
  }
}

/** A rate is what tumbling windows of the time of arrival count. */
function windows({ every_ms, ...groups }: RateOptions): Windows {
  return new Windows(
    windowPlan({ kind: 'tumbling', size_ms: every_ms, aggregates: ['count', 'per_second'], ...groups }),
  )
}
