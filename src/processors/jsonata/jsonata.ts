import { Processor, type InputRecord, type RecordProcessor, type StreamContext } from '#libs/processor'
import { optionsSchema } from '../options.js'
import { perOptions } from '../per-options.js'
import { Expression, EXPRESSION_PROPERTIES, type ExpressionOptions } from './expression.js'

export interface JsonataOptions extends ExpressionOptions {
  readonly split_arrays: boolean
}

@Processor('jsonata', {
  description: 'Makes of each record what a JSONata expression gives for it, and nothing where it gives nothing.',
  options: optionsSchema(
    {
      ...EXPRESSION_PROPERTIES,
      split_arrays: {
        description: 'An array gives a result for each of its elements.',
        type: 'boolean',
        default: false,
      },
    },
    'expression',
  ),
  deterministic: true,
})
export class Jsonata implements RecordProcessor<unknown, unknown, JsonataOptions> {
  private readonly expressionOf = perOptions((options: JsonataOptions) => new Expression(options))

  process({ value, at }: InputRecord, { options }: StreamContext<JsonataOptions>): readonly unknown[] {
    const result = this.expressionOf(options).evaluate(value, at)
    if (result === undefined) return []
    return options.split_arrays && Array.isArray(result) ? result : [result]
  }

  check(options: JsonataOptions): void {
    this.expressionOf(options)
  }
}
