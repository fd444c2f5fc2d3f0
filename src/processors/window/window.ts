import { Processor, type InputRecord, type RecordProcessor, type Results, type StreamContext } from '#libs/processor'
import { perOptions } from '../per-options.js'
import { WINDOW_SCHEMA, type WindowOptions } from './options.js'
import { windowPlan } from './plan.js'
import { Windows } from './windows.js'

type Stream = StreamContext<WindowOptions>

@Processor('window', {
  description: 'Counts and aggregates records over tumbling, sliding or session windows of time, by group.',
  options: WINDOW_SCHEMA,
  deterministic: true,
  safe: true,
})
export class Window implements RecordProcessor<unknown, unknown, WindowOptions> {
  private readonly windowsOf = perOptions((options: WindowOptions) => new Windows(windowPlan(options)))

  process(record: InputRecord, stream: Stream): Results {
    return this.windowsOf(stream.options).add(record, stream)
  }

  onTimer(at: number, stream: Stream): Results {
    return this.windowsOf(stream.options).onTimer(at, stream)
  }

  onEnd(_at: number, stream: Stream): Results {
    return this.windowsOf(stream.options).end(stream)
  }

  check(options: WindowOptions): void {
    windowPlan(options)
  }
}
