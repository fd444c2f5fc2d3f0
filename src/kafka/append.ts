import { AppendFailed, type NewMessage } from './broker.js'
import type { Cluster } from './cluster.js'
import { NotSent } from './node-link.js'
import { codeOf, ERROR_CODE, PRODUCE } from './protocol.js'

/** How long a leader waits for its replicas: a broker that was killed is none after 9 s (`broker.session.timeout.ms`). */
const APPEND_TIMEOUT_MS = 10_000

const ALL_REPLICAS = -1

/**
 * Refusals that come before anything is written. NOT_LEADER_FOR_PARTITION is none: a leader that is replaced while it waits for its
 * replicas answers so too, and the next leader may have the messages.
 * @see https://github.com/apache/kafka/blob/4.0/core/src/main/scala/kafka/server/DelayedProduce.scala (case A)
 */
const REFUSALS: ReadonlySet<number | undefined> = new Set([
  ERROR_CODE.NOT_ENOUGH_REPLICAS,
  ERROR_CODE.TOPIC_AUTHORIZATION_FAILED,
])

/** The same, of messages that no broker would take at any time. */
const LASTING_REFUSALS: ReadonlySet<number | undefined> = new Set([
  ERROR_CODE.MESSAGE_TOO_LARGE,
  ERROR_CODE.RECORD_LIST_TOO_LARGE,
  ERROR_CODE.INVALID_RECORD,
])

/**
 * Appends messages to a partition, in one request and one record batch. Resolves with the offset of the first once all are durable.
 * @throws AppendFailed
 */
export async function append(
  cluster: Cluster,
  topic: string,
  partition: number,
  messages: readonly NewMessage[],
): Promise<number> {
  const records = messages.map(({ key, text }) => ({ key, value: text }))
  const body = {
    acks: ALL_REPLICAS,
    timeout: APPEND_TIMEOUT_MS,
    topicData: [{ topic, partitions: [{ partition, messages: records }] }],
  }
  try {
    const { baseOffset } = await cluster.askLeader(
      topic,
      partition,
      { api: PRODUCE, lane: `append to ${topic}/${partition}`, body },
      ({ topics }) => topics.find(({ topicName }) => topicName === topic)?.partitions,
    )
    return Number(baseOffset)
  } catch (cause) {
    if (LASTING_REFUSALS.has(codeOf(cause))) throw new AppendFailed('never', { cause })
    const refused = cause instanceof NotSent || REFUSALS.has(codeOf(cause))
    throw new AppendFailed(refused ? 'nothing' : 'unknown', { cause })
  }
}
