import kafkajs from 'kafkajs'
import errors from 'kafkajs/src/protocol/error.js'
import protocol, { type Definition } from 'kafkajs/src/protocol/requests/index.js'

/** A kind of request, and the key that Kafka knows it by. */
export interface Api<Body, Reply> {
  readonly key: number
  readonly definition: Definition<Body, Reply>
}

const api = <Body, Reply>(key: number, definition: Definition<Body, Reply>): Api<Body, Reply> => ({ key, definition })

const { Produce, Fetch, ListOffsets, Metadata, DeleteRecords } = protocol.requests

/** @see https://kafka.apache.org/protocol#protocol_api_keys */
export const PRODUCE = api(0, Produce)
export const FETCH = api(1, Fetch)
export const LIST_OFFSETS = api(2, ListOffsets)
export const METADATA = api(3, Metadata)
export const DELETE_RECORDS = api(21, DeleteRecords)

/**
 * A connection. A broker answers the requests of one in their order, so what may take long has its own: a fetch waits for messages, a
 * trim for replicas, an append of each partition too (eight at once at one broker: ack p50 23-28 ms, all in one lane 30-35). What the
 * lane `control` asks is answered at once: with appends in it, nobody learnt of new leaders while one waited for a broker that was killed.
 */
export type Lane = 'control' | 'fetch' | 'trim' | `append to ${string}`

export interface Request<Body, Reply> {
  readonly api: Api<Body, Reply>
  readonly lane: Lane
  readonly body: Body
}

/** Nothing of Millrace's own is written in transactions: with this level no request looks for their ends. */
export const READ_UNCOMMITTED = 0

/** For what others write: of a transaction nothing comes before it is committed. */
export const READ_COMMITTED = 1

/** @see https://kafka.apache.org/protocol#protocol_error_codes */
export const ERROR_CODE = {
  NONE: 0,
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  MESSAGE_TOO_LARGE: 10,
  RECORD_LIST_TOO_LARGE: 18,
  NOT_ENOUGH_REPLICAS: 19,
  TOPIC_AUTHORIZATION_FAILED: 29,
  INVALID_RECORD: 87,
} as const

/** What a response says of one partition. */
export interface PartitionAnswer {
  readonly partition: number
  readonly errorCode: number
}

/**
 * The answer of a response about the one partition that was asked for.
 * @throws Error if it does not name the partition, or an error
 */
export function answerFor<Answer extends PartitionAnswer>(
  answers: readonly Answer[] | undefined,
  partition: number,
): Answer {
  const answer = answers?.find((candidate) => candidate.partition === partition)
  if (answer === undefined) throw new Error(`The response does not name partition ${partition}.`)
  if (answer.errorCode !== ERROR_CODE.NONE) throw errors.createErrorFromCode(answer.errorCode)
  return answer
}

/** The code of an error that a broker has answered with; undefined for any other error. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof kafkajs.KafkaJSProtocolError ? error.code : undefined
}
