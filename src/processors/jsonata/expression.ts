import jsonata from 'jsonata'
import { OptionsError, type JsonSchema } from '#libs/processor'

export interface ExpressionOptions {
  readonly expression: string
  readonly max_steps: number
  readonly max_depth: number
}

export const EXPRESSION_PROPERTIES = {
  expression: {
    description:
      'In JSONata 1.8. $now() and $millis() are the time of arrival; there is no $random, $shuffle and $eval.',
    type: 'string',
    minLength: 1,
    maxLength: 16_384,
  },
  max_steps: {
    description: 'A record for which more parts of the expression have to be worked out is an error.',
    type: 'integer',
    minimum: 1,
    maximum: 1_000_000,
    default: 10_000,
  },
  max_depth: {
    description: 'A record for which they are nested deeper than this is an error.',
    type: 'integer',
    minimum: 1,
    maximum: 500,
    default: 200,
  },
} as const satisfies JsonSchema

/** What gives other results each time, or would be an expression that nobody checked. */
const REFUSED = new Set(['random', 'shuffle', 'eval'])

/** JSONata calls what has these names at each step; in an expression they would put our limits out of force. */
const STEP_BEGINS = '__evaluate_entry'
const STEP_ENDS = '__evaluate_exit'

const zonelessTime = /T[\d:.]+$/

/**
 * A JSONata expression that gives the same for the same record, and stops: after so many steps, not after some time, since time would
 * tell machines apart. What it cannot stop is a single step, such as a regular expression or a range of ten million numbers.
 */
export class Expression {
  private readonly compiled: jsonata.Expression
  private at = 0
  private steps = 0
  private depth = 0

  /** @throws OptionsError if it is no expression, or uses what is refused */
  constructor(private readonly options: ExpressionOptions) {
    this.compiled = compile(options.expression)
    this.compiled.assign(STEP_BEGINS, (_part: unknown, _input: unknown, environment: { timestamp: Date }) => {
      // $toMillis fills in from it what a picture leaves out.
      if (this.steps === 0) environment.timestamp = new Date(this.at)
      this.step()
    })
    this.compiled.assign(STEP_ENDS, () => (this.depth -= 1))
    this.useTimeOfRecord()
  }

  /** @throws Error if the expression fails, or goes beyond its limits */
  evaluate(value: unknown, at: number): unknown {
    this.at = at
    this.steps = this.depth = 0
    try {
      // Without bindings, variables that the expression sets would still be there for the next record.
      const result: unknown = this.compiled.evaluate(value, {})
      if (isFunction(result)) throw new Error('The expression gives a function.')
      return result
    } catch (error) {
      // JSONata throws plain objects.
      throw error instanceof Error ? error : new Error(problemOf(error), { cause: error })
    }
  }

  private step(): void {
    this.steps += 1
    this.depth += 1
    if (this.steps > this.options.max_steps) throw new Error('The expression takes too many steps.')
    if (this.depth > this.options.max_depth) throw new Error('The expression is nested too deep.')
  }

  private useTimeOfRecord(): void {
    const { compiled } = this
    compiled.registerFunction('millis', () => this.at, '<:n>')
    compiled.registerFunction(
      'now',
      (picture?: string, zone?: string) => fromMillis.implementation(this.at, picture, zone),
      '<s?s?:s>',
    )
    compiled.registerFunction(
      'toMillis',
      function (this: unknown, text?: string, picture?: string) {
        // Without a zone it would be the machine's.
        const zoned = picture === undefined && text !== undefined && zonelessTime.test(text) ? `${text}Z` : text
        return toMillis.implementation.call(this, zoned, picture)
      },
      '<s-s?:n>',
    )
  }
}

/** A function of JSONata's own. */
interface OwnFunction {
  readonly implementation: (this: unknown, ...given: readonly unknown[]) => unknown
}

const toMillis = jsonata('$toMillis').evaluate(undefined) as OwnFunction
const fromMillis = jsonata('$fromMillis').evaluate(undefined) as OwnFunction

function compile(expression: string): jsonata.Expression {
  if (expression.includes('__evaluate')) throw new OptionsError('expression', 'No name may begin with __evaluate.')
  try {
    const compiled = jsonata(expression)
    for (const name of variablesOf(compiled.ast(), new Set()))
      if (REFUSED.has(name))
        throw new OptionsError('expression', `There is no $${name}: its results would differ each time.`)
    return compiled
  } catch (error) {
    throw error instanceof OptionsError ? error : new OptionsError('expression', problemOf(error))
  }
}

/** Names of all variables, functions among them, in a part of an expression. */
function* variablesOf(part: unknown, seen: Set<unknown>): Generator<string> {
  if (typeof part !== 'object' || part === null || seen.has(part)) return
  seen.add(part)
  const { type, value } = part as { type?: unknown; value?: unknown }
  if (type === 'variable' && typeof value === 'string') yield value
  for (const inner of Object.values(part)) yield* variablesOf(inner, seen)
}

function isFunction(result: unknown): boolean {
  if (typeof result === 'function') return true
  return typeof result === 'object' && result !== null && ('_jsonata_lambda' in result || '_jsonata_function' in result)
}

function problemOf(error: unknown): string {
  const { message, position } = error as { message?: unknown; position?: unknown }
  const text = typeof message === 'string' ? message : 'It is no JSONata expression.'
  return typeof position === 'number' ? `${text} (at ${position})` : text
}
