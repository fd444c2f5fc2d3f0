import {
  RESULT_ERRORS,
  type FeedReset,
  type ProcessorDescription,
  type ResetReason,
  type StreamDescription,
  type StreamStatus,
} from '#libs/contract'
import type { Schema } from '../http/call.js'
import type { StartRequest } from './start.dto.js'

/** A schema of the document's components. */
export const ref = (name: keyof typeof SCHEMAS): Schema => ({ $ref: `#/components/schemas/${name}` })

/** An object whose members are all there, but those named after `optional`. */
function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  return { type: 'object', properties, required: Object.keys(properties).filter((name) => !optional.includes(name)) }
}

const text = (description: string): Schema => ({ type: 'string', description })
const count = (description: string, minimum = 0): Schema => ({ type: 'integer', minimum, description })
const time = (description: string): Schema => ({ type: 'string', format: 'date-time', description })
const anyJson = (description: string): Schema => ({ description })
const labels = (description: string): Schema => ({
  type: 'object',
  additionalProperties: { type: 'string', maxLength: 256 },
  propertyNames: { minLength: 1, maxLength: 64 },
  maxProperties: 16,
  description,
})

const STATUSES = ['open', 'closing', 'ended', 'expired'] as const satisfies readonly StreamStatus[]
const RESETS = ['trimmed', 'incarnation', 'future', 'invalid'] as const satisfies readonly ResetReason[]
const FEED_RESETS = ['trimmed', 'future', 'invalid'] as const satisfies readonly FeedReset['reason'][]

const success = { status: { const: 'success' }, message: text('For people; it may change.') } as const
const incarnation: Schema = {
  type: 'string',
  pattern: '^[0-9a-f]{16}$',
  description: 'This life of the stream: drawn anew at each start.',
}

export const streamStatus: Schema = { type: 'string', enum: STATUSES }

export const streamId: Schema = {
  type: 'string',
  pattern: '^[A-Za-z0-9._~-]{1,128}$',
  not: { enum: ['.', '..'] },
  description: '1 to 128 of `A-Z a-z 0-9 . _ ~ -`, not `.` or `..`.',
}

const startRequest: Readonly<Record<keyof StartRequest, Schema>> = {
  stream_id: { ...streamId, description: 'Without one the server makes one. Not where the address has another.' },
  processor: { type: 'string', maxLength: 128, default: 'uppercase', description: 'What is done to each record.' },
  processor_options: {
    type: 'object',
    description: 'Options of the processor, as `GET /processors` says; at most 4,096 characters of JSON.',
  },
  idle_timeout_ms: {
    type: 'integer',
    minimum: 100,
    maximum: 31_536_000_000,
    description: 'The stream expires when nobody used it for this long (ms). Default: STREAM_IDLE_TIMEOUT_MS.',
  },
  retention_ms: {
    type: 'integer',
    minimum: 1_000,
    description: 'Results are kept this long (ms). Default and most: RESULT_RETENTION_MS.',
  },
  labels: labels('To find streams by.'),
}

const description: Readonly<Record<keyof StreamDescription, Schema>> = {
  stream_id: streamId,
  incarnation,
  stream_status: streamStatus,
  processor: text('What is done to each record.'),
  labels: labels('As given at the start.'),
  started_at: time('When this life of the stream began.'),
  last_activity_at: time('Last send, or sign of a reader.'),
  idle_timeout_ms: count('The stream expires when nobody used it for this long.', 1),
  retention_ms: count('Results are kept this long.', 1),
  oldest: count('Number of the oldest result kept; `latest` + 1 if none is.', 1),
  latest: count('Number of the newest result; 0 before the first.'),
  dead_letters: count('Failed records that are listed as dead letters.'),
  readers: count('Readers connected to this server.'),
  lag: count(
    'Entries of the log behind what of this stream is processed. Those of other streams of its partition count.',
  ),
}

const processor: Readonly<Record<keyof ProcessorDescription, Schema>> = {
  name: text('For `processor` at the start of a stream.'),
  description: text('What it does.'),
  deterministic: {
    type: 'boolean',
    description: 'The same records give the same results, so that readers may have them before they are on the disk.',
  },
  options: { type: 'object', description: 'JSON Schema (draft 7) of `processor_options`.' },
}

const result = {
  oneOf: [
    object({ status: { const: 'success' }, data: anyJson('What the processor made of the record: any JSON value.') }),
    object({
      status: { const: 'error' },
      code: text(
        `One of ${Object.keys(RESULT_ERRORS).join(', ')}; with PROCESSING=external also codes of the job's own.`,
      ),
      message: text('Why this record has no result.'),
    }),
  ],
}

/** Schemas that calls share, by name. */
export const SCHEMAS = {
  Done: { ...object(success), description: 'The call was carried out.' },
  StartRequest: { ...object(startRequest, Object.keys(startRequest)), additionalProperties: false },
  Started: object({ ...success, stream_id: streamId, incarnation }),
  Sent: object(
    {
      ...success,
      accepted: count('Records taken.', 1),
      duplicate: { const: true, description: 'The same send was taken before: nothing was added.' },
    },
    ['duplicate'],
  ),
  StreamDescription: object(description),
  StreamPage: object(
    {
      ...success,
      streams: { type: 'array', items: { $ref: '#/components/schemas/StreamDescription' } },
      next: text('Ask `?after=` this for the next page; missing on the last one.'),
    },
    ['next'],
  ),
  ProcessorList: object({
    ...success,
    processing: {
      type: 'string',
      enum: ['internal', 'external'],
      description:
        'Who processes records. External: a job that Millrace knows nothing of, so any name and options are taken.',
    },
    processors: { type: 'array', items: object(processor) },
  }),
  Result: { ...result, description: 'The result of one record: what was made of it, or why there is nothing.' },
  Reset: {
    ...object({
      reason: { type: 'string', enum: RESETS },
      oldest: count('Number of the oldest result there is.'),
      latest: count('Number of the newest.'),
    }),
    description: 'Data of the event `reset`: reading could not go on where it was, and goes on with the oldest.',
  },
  FeedReset: {
    ...object({
      reason: { type: 'string', enum: FEED_RESETS },
      oldest: text('The cursor before the oldest event there is.'),
      latest: text('The cursor of the newest.'),
    }),
    description: 'Data of the event `reset`: reading could not go on where it was, and goes on behind `oldest`.',
  },
  End: {
    ...object({ reason: { type: 'string', enum: ['ended', 'timeout', 'deleted'] } }),
    description: 'Data of the events `end` and `timeout`: nothing comes after it.',
  },
  ResultPage: object(
    {
      ...success,
      results: {
        type: 'array',
        items: {
          allOf: [object({ id: text('The cursor of this result.') }), { $ref: '#/components/schemas/Result' }],
        },
      },
      next: text('Ask `?from=` this for what comes next.'),
      reset: { $ref: '#/components/schemas/Reset' },
      end: { $ref: '#/components/schemas/End' },
    },
    ['reset', 'end'],
  ),
  DeadLetterPage: object(
    {
      ...success,
      dead_letters: {
        type: 'array',
        items: object(
          {
            id: text('The cursor of its error result.'),
            seq: count('Number of that result: names the letter in the address of a replay.', 1),
            code: { type: 'string', enum: Object.keys(RESULT_ERRORS) },
            message: text('Why the record failed.'),
            at: time('When it failed.'),
            record: anyJson('The record as it was sent; missing if it is larger than all that is kept of a stream.'),
          },
          ['record'],
        ),
      },
      next: count('Ask `?after=` this for the next page; missing on the last one.', 1),
    },
    ['next'],
  ),
  LifecycleEvent: object({
    type: { type: 'string', enum: ['started', 'closing', 'ended', 'expired', 'deleted'] },
    stream_id: streamId,
    incarnation,
    at: time('When it was decided.'),
  }),
} as const satisfies Readonly<Record<string, Schema>>
