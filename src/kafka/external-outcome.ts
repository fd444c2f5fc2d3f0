import { jobErrorResult, successResult, type ResultErrorCode } from '#libs/contract'
import { failedOutcome, type Outcome, type RunLimits } from '#libs/processor'

/** Of an error that a job gives in place of a record's results. */
const CODE = /^[a-z][a-z0-9_]{0,63}$/
const MESSAGE_CHARS = 1_000

/** What comes of a record for which a job gave `answer`: a list of results, or an error. Anything else is an error of its own. */
export function outcomeOf(answer: unknown, limits: RunLimits): Outcome {
  if (!Array.isArray(answer)) return errorOf(answer)
  if (answer.length > limits.results) return failed('too_many_results')
  const lines: string[] = []
  let chars = 0
  for (const value of answer as readonly unknown[]) {
    const line = successResult(value)
    chars += line.length
    if (chars > limits.chars) return failed('result_too_large')
    lines.push(line)
  }
  return { lines, timer: undefined }
}

/** What comes of a record whose answer does not fit the work. */
export const misfit = (): Outcome => failed('answer_invalid')

function errorOf(answer: unknown): Outcome {
  const { code, message } = (answer ?? {}) as { readonly code?: unknown; readonly message?: unknown }
  if (typeof code !== 'string' || !CODE.test(code)) return misfit()
  if (typeof message !== 'string' || message.length > MESSAGE_CHARS) return misfit()
  return { lines: [jobErrorResult(code, message)], timer: undefined }
}

/** No timer: a job that wants to be called by the clock has one of its own. */
const failed = (code: ResultErrorCode): Outcome => failedOutcome(code, undefined)
