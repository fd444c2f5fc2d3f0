import type { ErrorCode } from '#libs/contract'
import type { Call, CallParameter, Media, Schema } from '../http/call.js'
import type { SCHEMAS } from './schemas.js'
import { ref, streamId, streamStatus } from './schemas.js'

/** What a call that finds a stream can answer. */
const FINDS = ['invalid_stream_id', 'stream_not_found', 'view_behind'] as const satisfies ErrorCode[]
/** What a call with a body can answer. */
const TAKES_BODY = ['body_too_large', 'overloaded'] as const satisfies ErrorCode[]
/** What a call that appends to the log can answer. */
const APPENDS = [
  'overloaded',
  'storage_full',
  'log_unavailable',
  'shutting_down',
  'append_unknown',
] as const satisfies ErrorCode[]
/** What a call that opens an event stream can answer. */
const READS = ['invalid_cursor', 'overloaded', 'shutting_down'] as const satisfies ErrorCode[]

const INCARNATION = 'd55f2ef986a9dacd'

const json = (name: keyof typeof SCHEMAS, examples: Media['examples'] = {}): Record<string, Media> => ({
  'application/json': { schema: ref(name), examples },
})

const query = (name: string, schema: Schema, description: string): CallParameter => ({
  in: 'query',
  name,
  schema,
  description,
})

const header = (name: string, schema: Schema, description: string): CallParameter => ({
  in: 'header',
  name,
  schema,
  description,
})

const limit = query('limit', { type: 'integer', minimum: 1, maximum: 1_000, default: 100 }, 'The most rows of a page.')
const lastEventId = header(
  'Last-Event-ID',
  { type: 'string' },
  'The id of the last event seen; an EventSource sends it by itself. It wins over `from`. One that leads nowhere gives the event `reset`, never an error.',
)
const name: Schema = { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' }
const number: Schema = { type: 'integer', minimum: 0, maximum: 999_999_999_999_999 }

const startBody: Call['body'] = {
  required: false,
  content: json('StartRequest', { labelled: { processor: 'uppercase', labels: { team: 'shop' } }, defaults: {} }),
}
const started: Call['answer'] = {
  description: 'The stream is open, durably.',
  content: json('Started', {
    started: {
      status: 'success',
      message: 'Stream started successfully!',
      stream_id: 'orders',
      incarnation: INCARNATION,
    },
  }),
}
const startErrors = [
  'invalid_stream_id',
  'invalid_json',
  'unknown_processor',
  'invalid_processor_options',
  'processor_unavailable',
  'stream_exists',
  'stream_closing',
  ...TAKES_BODY,
  ...APPENDS,
] as const

export const startStream: Call = {
  id: 'startStream',
  tag: 'streams',
  summary: 'Start a stream',
  description: 'No body, an empty one and `{}` are the same: every setting has a default.',
  body: startBody,
  answer: started,
  errors: startErrors,
}

export const startStreamAs: Call = {
  ...startStream,
  id: 'startStreamAs',
  summary: 'Start a stream under an id of your own',
  description: 'If a stream of that id has ended, it begins a new life, and the results of its former one go.',
}

export const sendData: Call = {
  id: 'sendData',
  tag: 'data',
  summary: 'Send data to a stream',
  description:
    'A 200 says: durable, processed exactly once, and its results appear exactly once, in the order of the sends. A send that may have to be repeated needs an `Idempotency-Key`, or the three `Producer-` headers; the last 1,024 of a stream are remembered, for 24 hours.',
  parameters: [
    header('Idempotency-Key', name, 'Names this send: the same key with the same body is taken once.'),
    header('Producer-Id', name, 'Names a producer that counts its sends. Goes with Producer-Epoch and Producer-Seq.'),
    header('Producer-Epoch', number, 'A higher epoch fences off the producers of lower ones.'),
    header('Producer-Seq', number, 'Number of this send in the epoch, from 0; NDJSON takes one number too.'),
  ],
  body: {
    required: true,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: { data: { description: 'The record: any JSON value.' } },
          required: ['data'],
        },
        examples: { record: { data: { item: 'wheel', count: 2 } } },
      },
      'application/x-ndjson': {
        schema: { type: 'string', description: 'A JSON value a line, each a record; all of them are taken, or none.' },
        examples: { records: '{"item":"wheel","count":2}\n"belt"\n' },
      },
    },
  },
  answer: {
    description: 'Taken.',
    content: json('Sent', {
      record: { status: 'success', message: 'Data sent to stream orders!', accepted: 1 },
      duplicate: { status: 'success', message: 'Data sent to stream orders!', accepted: 2, duplicate: true },
    }),
  },
  errors: [
    ...FINDS,
    'invalid_json',
    'missing_data',
    'empty_body',
    'unsupported_media_type',
    'stream_closed',
    'producer_fenced',
    'producer_gap',
    'idempotency_key_reused',
    ...TAKES_BODY,
    ...APPENDS,
  ],
}

export const readResults: Call = {
  id: 'readResults',
  tag: 'data',
  summary: "Read a stream's results",
  description: [
    'As `text/event-stream`, for EventSource, or with `Accept: application/json` as pages.',
    'Events without a name hold a result, its cursor as `id`; a record that failed has an error at its place. Named events are `reset`, `end` and `timeout`.',
    `\`\`\`\nretry: 1259\nid: ${INCARNATION}-0\n\nid: ${INCARNATION}-1\ndata: {"status":"success","data":{"item":"WHEEL","count":2}}\n\nevent: end\nid: ${INCARNATION}-end\ndata: {"reason":"ended"}\n\`\`\``,
  ].join('\n\n'),
  parameters: [
    query(
      'from',
      { type: 'string', default: 'earliest' },
      'Where to begin: `earliest`, `latest`, behind a cursor (the `id` of an event, or `next` of a page), or at an ISO time.',
    ),
    lastEventId,
    { ...limit, description: 'The most results of a page (JSON).' },
    query(
      'wait',
      { type: 'integer', minimum: 0, maximum: 30_000, default: 0 },
      'Where nothing is there yet, wait this long for it, in ms (JSON).',
    ),
  ],
  answer: {
    description: 'Results, in order, from where it was asked on.',
    content: {
      'text/event-stream': {
        schema: {
          anyOf: [ref('Result'), ref('Reset'), ref('End')],
          description:
            'The `data` of an event: a Result where it has no name, else Reset (`reset`) or End (`end`, `timeout`).',
        },
        examples: {
          result: { status: 'success', data: { item: 'WHEEL', count: 2 } },
          end: { reason: 'ended' },
        },
      },
      ...json('ResultPage', {
        page: {
          status: 'success',
          message: 'Results of stream orders',
          results: [{ id: `${INCARNATION}-1`, status: 'success', data: { item: 'WHEEL', count: 2 } }],
          next: `${INCARNATION}-1`,
        },
      }),
    },
  },
  noContent: '`Last-Event-ID` is that of the end: there is nothing more to come. It stops an EventSource.',
  errors: [...FINDS, ...READS],
}

export const listDeadLetters: Call = {
  id: 'listDeadLetters',
  tag: 'data',
  summary: 'List the records that failed',
  description:
    'A record that fails has an error at its place in the results, and is kept until it is replayed, for as long as that error: the newest of a stream, up to MAX_DEAD_LETTER_BYTES, each counted as 1 KiB at least.',
  parameters: [
    query('after', { type: 'integer', minimum: 0, default: 0 }, 'Begin behind this number: `next` of the page before.'),
    limit,
  ],
  answer: {
    description: 'A page of them, in order of their numbers.',
    content: json('DeadLetterPage', {
      page: {
        status: 'success',
        message: 'Dead letters of stream orders',
        dead_letters: [
          {
            id: `${INCARNATION}-2`,
            seq: 2,
            code: 'processor_failed',
            message: 'The processor failed on this record.',
            at: '2026-11-23T19:14:16.044Z',
            record: { item: 'wheel', count: 'two' },
          },
        ],
      },
    }),
  },
  errors: [...FINDS, 'overloaded'],
}

export const replayDeadLetter: Call = {
  id: 'replayDeadLetter',
  tag: 'data',
  summary: 'Send a record that failed again',
  description:
    'It is processed once more, behind all that was sent before, and is no dead letter any more; if it fails again, it becomes one under a new number. To repeat a replay whose answer was lost is safe: the record is sent once, and the repetition answered `dead_letter_not_found`.',
  answer: {
    description: 'It is sent, and the letter is gone, durably.',
    content: json('Done', { replayed: { status: 'success', message: 'Dead letter 2 of stream orders sent again' } }),
  },
  errors: [...FINDS, 'dead_letter_not_found', 'stream_closed', ...TAKES_BODY, ...APPENDS],
}

export const endStream: Call = {
  id: 'endStream',
  tag: 'streams',
  summary: 'End a stream',
  description: 'Its readers get what is left, then the event `end`. To end it again is fine.',
  answer: {
    description: 'The stream takes no more data, durably.',
    content: json('Done', { ended: { status: 'success', message: 'Stream orders disconnected successfully' } }),
  },
  errors: [...FINDS, ...TAKES_BODY, ...APPENDS],
}

export const deleteStream: Call = {
  ...endStream,
  id: 'deleteStream',
  summary: 'Delete a stream and its results',
  description: 'Its readers get the event `end` with the reason `deleted`.',
  answer: {
    description: 'The stream is going, durably.',
    content: json('Done', { deleted: { status: 'success', message: 'Stream orders deleted' } }),
  },
}

const orders = {
  stream_id: 'orders',
  incarnation: INCARNATION,
  stream_status: 'open',
  processor: 'uppercase',
  labels: { team: 'shop' },
  started_at: '2026-11-23T19:14:15.961Z',
  last_activity_at: '2026-11-23T19:14:16.044Z',
  idle_timeout_ms: 600_000,
  retention_ms: 86_400_000,
  oldest: 1,
  latest: 3,
  dead_letters: 0,
  readers: 0,
  lag: 0,
}

export const describeStream: Call = {
  id: 'describeStream',
  tag: 'streams',
  summary: 'Describe a stream',
  answer: {
    description: 'What is known of it.',
    content: {
      'application/json': {
        schema: { allOf: [ref('Done'), ref('StreamDescription')] },
        examples: { open: { status: 'success', message: 'Stream orders', ...orders } },
      },
    },
  },
  errors: FINDS,
}

export const listStreams: Call = {
  id: 'listStreams',
  tag: 'streams',
  summary: 'List streams, in order of their ids',
  parameters: [
    query('after', { type: 'string' }, 'Begin behind this id: `next` of the page before.'),
    limit,
    query('status', streamStatus, 'Only streams of this status.'),
    query('label', { type: 'string' }, 'Only streams with this label: `name`, or `name:value`.'),
  ],
  answer: {
    description: 'A page of them.',
    content: json('StreamPage', { page: { status: 'success', message: 'Streams', streams: [orders] } }),
  },
  errors: ['view_behind'],
}

export const streamEvents: Call = {
  id: 'streamEvents',
  tag: 'streams',
  summary: 'Follow what happens to all streams',
  parameters: [
    query(
      'from',
      { type: 'string', default: 'earliest' },
      'Where to begin: `earliest`, `latest`, or behind the `id` of an event.',
    ),
    lastEventId,
  ],
  answer: {
    description: 'Starts, ends, expiries and deletions: those of one stream in order, all of them about by time.',
    content: {
      'text/event-stream': {
        schema: {
          anyOf: [ref('LifecycleEvent'), ref('FeedReset')],
          description: 'The `data` of an event: a LifecycleEvent where it has no name, else FeedReset (`reset`).',
        },
        examples: {
          started: { type: 'started', stream_id: 'orders', incarnation: INCARNATION, at: '2026-11-23T19:14:15.961Z' },
        },
      },
    },
  },
  errors: [...READS, 'view_behind'],
}

/** What the path parameters mean. */
export const PATH_PARAMETERS: Readonly<Record<string, Schema>> = {
  id: streamId,
  seq: { type: 'integer', minimum: 1, description: 'Number of an error result.' },
}
