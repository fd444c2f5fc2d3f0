import { fileURLToPath } from 'node:url'

import type { ServerName, ServerProgram } from '../harness/server.js'

const compiled = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Streams that wait for their turn must not expire, and no bound of the configuration may be what is measured. */
const millraceEnv = { STREAM_IDLE_TIMEOUT_MS: '86400000', LOG_LEVEL: 'warn' }

/** What is measured, and what it is measured against. `millrace` is the built program, in its default configuration but for `env`. */
export function programs(millraceEntry: string): Record<ServerName, ServerProgram> {
  return {
    millrace: { name: 'millrace', entry: millraceEntry, env: millraceEnv, readyPath: '/health/ready' },
    nest: { name: 'nest', entry: compiled('./nest-noop.js'), env: {} },
    'nest-durable': { name: 'nest-durable', entry: compiled('./nest-durable.js'), env: {} },
    fastify: { name: 'fastify', entry: compiled('./bare-fastify.js'), env: {} },
    floor: { name: 'floor', entry: compiled('../floor/embedded.js'), env: {} },
  }
}

export const defaultMillraceEntry = compiled('../../src/main.js')
