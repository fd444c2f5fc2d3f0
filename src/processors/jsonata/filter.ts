import { Processor, type InputRecord, type RecordProcessor, type StreamContext } from '#libs/processor'
import { optionsSchema } from '../options.js'
import { perOptions } from '../per-options.js'
import { Expression, EXPRESSION_PROPERTIES, type ExpressionOptions } from './expression.js'

@Processor('filter', {
  description: 'Keeps the records for which a JSONata expression is true.',
  options: optionsSchema(EXPRESSION_PROPERTIES, 'expression'),
  deterministic: true,
})
export class Filter implements RecordProcessor<unknown, unknown, ExpressionOptions> {
  private readonly conditionOf = perOptions((options: ExpressionOptions) => new Expression(options))

  process({ value, at }: InputRecord, { options }: StreamContext<ExpressionOptions>): readonly unknown[] {
    const holds = this.conditionOf(options).evaluate(value, at)
    if (holds === true) return [value]
    // Comparing with a field that is not there gives false, a field that is not there gives nothing.
    if (holds === false || holds === undefined) return []
    // Taking any value for true or false would hide that a comparison is missing.
    throw new Error('The condition is neither true nor false.')
  }

  check(options: ExpressionOptions): void {
    this.conditionOf(options)
  }
}
