import { RESULT_ERRORS, type ResultErrorCode } from './errors.js'

/** The `data:` of a result event: single-line JSON `{"status":"success","data":…}`. */
export function successResult(value: unknown): string {
  // JSON has no undefined: a processor that returns nothing gives null.
  return `{"status":"success","data":${JSON.stringify(value === undefined ? null : value)}}`
}

/** The `data:` of a failed record's result: `{"status":"error","code":…,"message":…}`. */
export function errorResult(code: ResultErrorCode): string {
  return jobErrorResult(code, RESULT_ERRORS[code])
}

/** The same with a code and a message that are a job's own (PROCESSING=external). */
export function jobErrorResult(code: string, message: string): string {
  return JSON.stringify({ status: 'error', code, message })
}
