import { Processor } from '#libs/processor'
import { WINDOW_SCHEMA, type WindowOptions } from './options.js'
import { windowPlan } from './plan.js'
import { Windowed } from './windowed.js'
import { Windows } from './windows.js'

@Processor('window', {
  description: 'Counts and aggregates records over tumbling, sliding or session windows of time, by group.',
  options: WINDOW_SCHEMA,
  deterministic: true,
  safe: true,
})
export class Window extends Windowed<WindowOptions> {
  protected windows(options: WindowOptions): Windows {
    return new Windows(windowPlan(options))
  }
}
