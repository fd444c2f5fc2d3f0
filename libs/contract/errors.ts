/**
 * Every error a caller of the API can meet: HTTP status, whether trying again can help, and whether the record (or the change) may
 * exist all the same. `nothing-happened` is claimed only where no append was possible; `unknown` is safe to retry only with an
 * `Idempotency-Key` or a producer sequence. The HTTP filter, the OpenAPI document and the clients read this one table.
 */
export const ERRORS = {
  invalid_stream_id: {
    status: 400,
    retry: false,
    outcome: 'nothing-happened',
    message: 'A stream id is 1 to 128 of A-Z a-z 0-9 . _ ~ - and not "." or "..".',
  },
  invalid_request: {
    status: 400,
    retry: false,
    outcome: 'nothing-happened',
    message: 'The request is not well formed. The API document at /openapi.json says what this call takes.',
  },
  invalid_json: {
    status: 400,
    retry: false,
    outcome: 'nothing-happened',
    message: 'The body is not valid JSON. Nothing of it was taken: correct it and send it again.',
    fields: { line: 'Of NDJSON: the number of the first bad line, from 1.' },
  },
  missing_data: {
    status: 400,
    retry: false,
    outcome: 'nothing-happened',
    message: 'The body must be a JSON object with a member "data".',
  },
  empty_body: {
    status: 400,
    retry: false,
    outcome: 'nothing-happened',
    message: 'The body holds no record. Send at least one.',
  },
  invalid_cursor: {
    status: 400,
    retry: false,
    outcome: 'nothing-happened',
    message:
      'This is not a cursor of this stream. Use the id of an event of it, or "earliest", "latest" or an ISO time.',
  },
  unknown_processor: {
    status: 400,
    retry: false,
    outcome: 'nothing-happened',
    message: 'There is no processor of that name. Leave it out to get the default one.',
  },
  invalid_processor_options: {
    status: 400,
    retry: false,
    outcome: 'nothing-happened',
    message: 'The processor cannot work with these options. GET /processors says what each processor takes.',
  },
  not_found: {
    status: 404,
    retry: false,
    outcome: 'nothing-happened',
    message: 'There is nothing at this address. The calls are listed at /docs.',
  },
  stream_not_found: {
    status: 404,
    retry: false,
    outcome: 'nothing-happened',
    message: 'There is no such stream. Start it first.',
  },
  dead_letter_not_found: {
    status: 404,
    retry: false,
    outcome: 'nothing-happened',
    message:
      'There is no such dead letter with a record: replayed, too old, or pushed out. See GET /stream/{id}/dead-letters.',
  },
  method_not_allowed: {
    status: 405,
    retry: false,
    outcome: 'nothing-happened',
    message: 'This address does not know that method. See the Allow header.',
  },
  request_timeout: {
    status: 408,
    retry: true,
    outcome: 'nothing-happened',
    message: 'The request did not arrive in time (REQUEST_TIMEOUT_MS). Send it again.',
  },
  stream_exists: {
    status: 409,
    retry: false,
    outcome: 'nothing-happened',
    message: 'A stream of that id is active. End it first, or use it.',
  },
  stream_closing: {
    status: 409,
    retry: true,
    outcome: 'nothing-happened',
    message: 'The stream is closing. Try again in a moment.',
  },
  stream_closed: {
    status: 409,
    retry: false,
    outcome: 'nothing-happened',
    message: 'The stream has ended or is about to, and takes no more data. Start it again to send to it.',
  },
  producer_fenced: {
    status: 409,
    retry: false,
    outcome: 'nothing-happened',
    message: 'A producer with this id and a newer epoch is at work. Stop, or take a higher epoch.',
  },
  producer_gap: {
    status: 409,
    retry: false,
    outcome: 'nothing-happened',
    message: 'Producer-Seq is ahead. Send the sequence number in "expected" first.',
    fields: { expected: 'The Producer-Seq to send next.' },
  },
  body_too_large: {
    status: 413,
    retry: false,
    outcome: 'nothing-happened',
    message: 'The body is larger than the server takes (MAX_BODY_BYTES). Send it in parts.',
  },
  unsupported_media_type: {
    status: 415,
    retry: false,
    outcome: 'nothing-happened',
    message: 'Send application/json or application/x-ndjson.',
  },
  idempotency_key_reused: {
    status: 422,
    retry: false,
    outcome: 'nothing-happened',
    message: 'This Idempotency-Key came before with another body. Use a new key for new data.',
  },
  headers_too_large: {
    status: 431,
    retry: false,
    outcome: 'nothing-happened',
    message: 'The headers are larger than the server takes (16 KiB). Send fewer or shorter ones.',
  },
  internal: {
    status: 500,
    retry: true,
    outcome: 'unknown',
    message: 'The server failed. Its log says more.',
  },
  overloaded: {
    status: 503,
    retry: true,
    outcome: 'nothing-happened',
    message: 'The server is at its limit. Wait as long as Retry-After says.',
  },
  storage_full: {
    status: 503,
    retry: true,
    outcome: 'nothing-happened',
    message: 'There is no room on the disk. Sends go on when there is.',
  },
  log_unavailable: {
    status: 503,
    retry: true,
    outcome: 'nothing-happened',
    message: 'The log takes no appends. The server must be restarted; see its log.',
  },
  processor_unavailable: {
    status: 503,
    retry: true,
    outcome: 'nothing-happened',
    message:
      'The processor cannot be loaded at present, so its options cannot be checked. Its file must be mended: the server log says why.',
  },
  shutting_down: {
    status: 503,
    retry: true,
    outcome: 'nothing-happened',
    message: 'The server is going down. Try another one, or again in a moment.',
  },
  view_behind: {
    status: 503,
    retry: true,
    outcome: 'nothing-happened',
    message: 'This server has not caught up with the log yet. Try again in a moment.',
  },
  append_unknown: {
    status: 504,
    retry: true,
    outcome: 'unknown',
    message: 'The server cannot tell whether this happened. Retry with the same Idempotency-Key or Producer-Seq.',
  },
} as const satisfies Record<string, ErrorRow>

export interface ErrorRow {
  readonly status: number
  readonly retry: boolean
  readonly outcome: 'nothing-happened' | 'unknown'
  /** What the caller can do, unless the answer says it more precisely. */
  readonly message: string
  /** Whole numbers that the answer may hold beside the message, and what each means. */
  readonly fields?: Readonly<Record<string, string>>
}

export type ErrorCode = keyof typeof ERRORS

/** Codes of the error results that stand in a stream's results in place of a failed record's. */
export const RESULT_ERRORS = {
  processor_failed: 'The processor failed on this record.',
  processor_timeout: 'The processor took longer over this record than it may (PROCESSOR_TIMEOUT_MS).',
  processor_out_of_memory: 'The processor took more memory than it may on this record (PROCESSOR_MEMORY_BYTES).',
  result_too_large: 'The results of this record are larger than the server keeps (MAX_COMMIT_BYTES).',
  too_many_results: 'This record gave more results than the server keeps of one (MAX_RESULTS_PER_RECORD).',
  state_too_large: 'With this record the processor would have remembered more than it may (MAX_STATE_BYTES).',
  answer_invalid: 'External processing gave an answer that does not fit this record (PROCESSING=external).',
} as const

export type ResultErrorCode = keyof typeof RESULT_ERRORS

/** What the API answers as an error: one of the table's codes, its message made more precise if need be, and call-specific fields. */
export class ApiError extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly detail: { message?: string; fields?: Record<string, unknown>; headers?: Record<string, string> } = {},
    options?: ErrorOptions,
  ) {
    super(detail.message ?? ERRORS[code].message, options)
    this.name = 'ApiError'
  }

  get status(): number {
    return ERRORS[this.code].status
  }
}
