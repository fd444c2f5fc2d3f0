/** One environment variable: how its text becomes a value, and what it means. */
interface Key<T> {
  readonly name: string
  readonly fallback: string
  readonly about: string
  /** The value, or undefined if the text is none. */
  readonly parse: (text: string) => T | undefined
  /** What a good value looks like, for the message about a bad one. */
  readonly shape: string
}

const integer =
  (min: number, max: number) =>
  (text: string): number | undefined => {
    const value = Number(text)
    return /^[0-9]+$/.test(text) && value >= min && value <= max ? value : undefined
  }

const number = (name: string, fallback: number, min: number, max: number, about: string): Key<number> => ({
  name,
  fallback: String(fallback),
  about,
  parse: integer(min, max),
  shape: `a whole number from ${min} to ${max}`,
})

const text = (name: string, fallback: string, about: string): Key<string> => ({
  name,
  fallback,
  about,
  parse: (value) => (value === '' ? undefined : value),
  shape: 'a text that is not empty',
})

const oneOf = <T extends string>(name: string, values: readonly [T, ...T[]], about: string): Key<T> => ({
  name,
  fallback: values[0],
  about,
  parse: (value) => values.find((known) => known === value),
  shape: `one of: ${values.join(', ')}`,
})

/** Nothing, or addresses with commas between them. */
const addresses = (name: string, about: string): Key<readonly string[]> => ({
  name,
  fallback: '',
  about,
  parse: (value) => {
    const all = value.split(',').map((address) => address.trim())
    if (value.trim() === '') return []
    return all.every((address) => /^[^\s:/]+:[0-9]{1,5}$|^\[[0-9a-fA-F:]+\]:[0-9]{1,5}$/.test(address))
      ? all
      : undefined
  },
  shape: 'host:port, more of them behind commas',
})

/** Nothing, or paths with commas between them. */
const paths = (name: string, about: string): Key<readonly string[]> => ({
  name,
  fallback: '',
  about,
  parse: (value) => {
    const all = value.split(',').map((path) => path.trim())
    return all.filter((path) => path !== '')
  },
  shape: 'paths, more of them behind commas',
})

const topicName = (name: string, fallback: string, about: string): Key<string> => ({
  name,
  fallback,
  about,
  parse: (value) => (/^[A-Za-z0-9._-]{1,200}$/.test(value) ? value : undefined),
  shape: '1 to 200 of A-Z a-z 0-9 . _ -',
})

const optional = (name: string, about: string): Key<string> => ({
  name,
  fallback: '',
  about,
  parse: (value) => value,
  shape: 'a text',
})

const KiB = 1024
const MiB = 1024 * KiB
const GiB = 1024 * MiB
const hourMs = 3_600_000
const yearMs = 365 * 24 * hourMs

/** Every key of the configuration. `.env.example` lists the same keys with the same defaults (a test compares them). */
export const SCHEMA = {
  host: text('HOST', '127.0.0.1', 'Address to listen on. In a container: 0.0.0.0.'),
  port: number('PORT', 8080, 0, 65_535, 'Port to listen on; 0 takes any free one.'),
  dataDir: text('DATA_DIR', './data', 'Folder of the store. One process at a time.'),
  diskReserveBytes: number(
    'DISK_RESERVE_BYTES',
    64 * MiB,
    0,
    1024 * GiB,
    'Sends are refused while the disk has less room; what it holds is still processed. 0 never looks.',
  ),
  engine: oneOf('ENGINE', ['embedded', 'kafka'], 'Where the logs are: in DATA_DIR, or on Kafka or Redpanda.'),
  role: oneOf(
    'ROLE',
    ['all', 'api', 'worker'],
    'With Kafka: whether this replica processes records (worker), serves clients (api), or both.',
  ),
  processing: oneOf(
    'PROCESSING',
    ['internal', 'external'],
    'Who processes records: Millrace, or with Kafka a job of your own (docs/external-processing.md). The same for all replicas.',
  ),
  kafkaBrokers: addresses('KAFKA_BROKERS', 'Brokers to begin with; the others are found through them.'),
  kafkaPrefix: topicName(
    'KAFKA_PREFIX',
    'millrace',
    'The topics are <prefix>.input and <prefix>.commits; with PROCESSING=external <prefix>.work and <prefix>.done too.',
  ),
  kafkaPartitions: number(
    'KAFKA_PARTITIONS',
    12,
    1,
    21,
    'Partitions of each topic; cannot be changed once there are any.',
  ),
  kafkaLowReplication: oneOf(
    'KAFKA_LOW_REPLICATION',
    ['refuse', 'allow'],
    'What to do with fewer than three replicas, or less than two in step: a broker that dies may take acked records along.',
  ),
  kafkaTls: oneOf('KAFKA_TLS', ['off', 'on'], 'Whether the brokers are spoken to through TLS.'),
  kafkaSasl: oneOf(
    'KAFKA_SASL',
    ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
    'How this replica proves who it is.',
  ),
  kafkaUsername: optional('KAFKA_USERNAME', 'For KAFKA_SASL.'),
  kafkaPassword: optional('KAFKA_PASSWORD', 'For KAFKA_SASL.'),
  appendTimeoutMs: number(
    'APPEND_TIMEOUT_MS',
    10_000,
    100,
    hourMs,
    'With Kafka: how long an append is tried before its call is answered with 503 or 504.',
  ),
  closingGraceMs: number(
    'CLOSING_GRACE_MS',
    2_000,
    10,
    hourMs,
    'With Kafka: between the end of a stream and its seal. A send waits for the view once that is half of it behind.',
  ),
  logLevel: oneOf('LOG_LEVEL', ['log', 'error', 'warn', 'debug'], 'The least important level that is logged.'),
  streamIdleTimeoutMs: number(
    'STREAM_IDLE_TIMEOUT_MS',
    600_000,
    100,
    yearMs,
    'A stream without sends and readers for this long expires.',
  ),
  resultRetentionMs: number(
    'RESULT_RETENTION_MS',
    24 * hourMs,
    1_000,
    100 * yearMs,
    'Results, and streams that are over, are kept this long.',
  ),
  maxBodyBytes: number('MAX_BODY_BYTES', MiB, KiB, 64 * MiB, 'The largest request body.'),
  maxCommitBytes: number(
    'MAX_COMMIT_BYTES',
    4 * MiB,
    64 * KiB,
    GiB,
    'The largest commit; a single result larger than this becomes an error result.',
  ),
  maxResultsPerRecord: number(
    'MAX_RESULTS_PER_RECORD',
    1_000,
    1,
    1_000_000,
    'The most results of one record; past it they become one error result.',
  ),
  maxStateBytes: number(
    'MAX_STATE_BYTES',
    256 * KiB,
    KiB,
    MiB,
    'The most that a processor may remember of one stream; past it the record gives an error result.',
  ),
  maxStateValueBytes: number(
    'MAX_STATE_VALUE_BYTES',
    64 * KiB,
    KiB,
    MiB,
    'The largest single value that it may remember.',
  ),
  processors: paths('PROCESSORS', 'Files, and folders of files, with processors of your own; commas between them.'),
  processorWorkers: number(
    'PROCESSOR_WORKERS',
    0,
    0,
    256,
    'Processes that run processors apart from the server, begun when needed; 0: one for each core but one, from 2 to 4.',
  ),
  processorTimeoutMs: number(
    'PROCESSOR_TIMEOUT_MS',
    1_000,
    50,
    hourMs,
    'The longest that a processor may take over one record; past it the record gives an error result.',
  ),
  processorMemoryBytes: number(
    'PROCESSOR_MEMORY_BYTES',
    256 * MiB,
    32 * MiB,
    64 * GiB,
    'The most memory that one of these processes may take for the work of processors; past it the record gives an error.',
  ),
  maxDeadLetterBytes: number(
    'MAX_DEAD_LETTER_BYTES',
    MiB,
    0,
    MiB,
    'Failed records kept of one stream, each counted as 1 KiB at least; past it the oldest go. 0 keeps none.',
  ),
  ingestBudgetBytes: number(
    'INGEST_BUDGET_BYTES',
    64 * MiB,
    MiB,
    // All of it may become one row of the input log, which is read back as one text: JavaScript has none over 512 MiB.
    128 * MiB,
    'Request bodies held at once, and input that waits to be processed; past it sends get 503.',
  ),
  readerBudgetBytes: number(
    'READER_BUDGET_BYTES',
    256 * KiB,
    16 * KiB,
    64 * MiB,
    'Unsent bytes held for one reader; past it the reader is served from the store at its own pace.',
  ),
  pageBudgetBytes: number(
    'PAGE_BUDGET_BYTES',
    64 * MiB,
    MiB,
    16 * GiB,
    'Pages of results held at once until they are sent; past it they get 503.',
  ),
  maxReaders: number('MAX_READERS', 100_000, 1, 10_000_000, 'Readers connected at once.'),
  maxOpenStreams: number('MAX_OPEN_STREAMS', 1_000_000, 1, 100_000_000, 'Streams open at once; each holds about 1 kB.'),
  heartbeatMs: number('HEARTBEAT_MS', 15_000, 100, 15_000, 'A quiet reader gets a comment this often.'),
  reconnectMs: number(
    'RECONNECT_MS',
    2_000,
    100,
    60_000,
    'Readers are told to reconnect after this long, give or take half.',
  ),
  requestTimeoutMs: number('REQUEST_TIMEOUT_MS', 30_000, 1_000, hourMs, 'A request must have arrived in full by then.'),
  verdictTimeoutMs: number(
    'VERDICT_TIMEOUT_MS',
    10_000,
    100,
    hourMs,
    'A call that waits for processing is answered by then, if need be with 504.',
  ),
  drainMs: number('DRAIN_MS', 500, 0, hourMs, 'Between "not ready" and closing the listener at a graceful stop.'),
} as const

export type Config = { readonly [K in keyof typeof SCHEMA]: (typeof SCHEMA)[K] extends Key<infer T> ? T : never }
