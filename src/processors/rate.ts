import { Processor } from '#libs/processor'
import { fieldOption, msOption, optionsSchema } from './options.js'
import { maxGroups } from './window/options.js'
import { windowPlan } from './window/plan.js'
import { Windowed } from './window/windowed.js'
import { Windows } from './window/windows.js'

export interface RateOptions {
  readonly every_ms: number
  readonly key_field?: string
  readonly max_groups: number
}

/** A rate is what tumbling windows of the time of arrival count. */
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
export class Rate extends Windowed<RateOptions> {
  protected windows({ every_ms, ...groups }: RateOptions): Windows {
    return new Windows(
      windowPlan({ kind: 'tumbling', size_ms: every_ms, aggregates: ['count', 'per_second'], ...groups }),
    )
  }
}
