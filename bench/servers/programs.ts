import { fileURLToPath } from 'node:url'

import type { ServerName, ServerProgram } from '../harness/server.js'

const compiled = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Streams that wait for their turn must not expire, and no bound of the configuration may be what is measured. */
const millraceEnv = { STREAM_IDLE_TIMEOUT_MS: '86400000', LOG_LEVEL: 'warn' }

/** The default number of Millrace, said to both sides. */
const kafkaPartitions = '12'

/**
 * What is measured, and what it is measured against. `millrace` is the built program, in its default configuration but for `env`.
 * @param brokers of a Kafka cluster, or none: then Millrace and its floor are embedded
 */
export function programs(millraceEntry: string, brokers?: readonly string[]): Record<ServerName, ServerProgram> {
  const millrace = { name: 'millrace', entry: millraceEntry, env: millraceEnv, readyPath: '/health/ready' } as const
  return {
    ...{ millrace, floor: { name: 'floor', entry: compiled('../floor/embedded.js'), env: {} } },
    ...(brokers && onKafka(millrace, brokers)),
    nest: { name: 'nest', entry: compiled('./nest-noop.js'), env: {} },
    'nest-durable': { name: 'nest-durable', entry: compiled('./nest-durable.js'), env: {} },
    fastify: { name: 'fastify', entry: compiled('./bare-fastify.js'), env: {} },
  }
}

function onKafka(millrace: ServerProgram, brokers: readonly string[]): Record<'millrace' | 'floor', ServerProgram> {
  const env = { ENGINE: 'kafka', KAFKA_BROKERS: brokers.join(), KAFKA_PARTITIONS: kafkaPartitions }
  return {
    millrace: { ...millrace, env: { ...millrace.env, ...env }, staysAwake: true },
    floor: { name: 'floor', entry: compiled('../floor/kafka.js'), env, staysAwake: true },
  }
}

/** What `PROCESSORS` is set to where processors of a user's are measured. */
export const userProcessors = compiled('../processors')

export const defaultMillraceEntry = compiled('../../bundle/program/main.js')
