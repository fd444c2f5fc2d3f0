import { setTimeout as wait } from 'node:timers/promises'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Config } from '../config/schema.js'
import type { Admission } from '../http/admission.js'
import type { Listeners } from '../http/listeners.js'
import { Readers } from '../streams/readers.js'
import { Readiness } from './health.controller.js'

/** What is still open this long after the listener closed is cut off: nothing hangs. */
const GRACE_MS = 10_000

/**
 * Stops gracefully: readiness goes first, so that a balancer looks elsewhere; then readers are sent off, resumable; requests in flight
 * are answered; then everything closes.
 */
export async function shutDown(
  app: NestFastifyApplication,
  config: Config,
  admission: Admission,
  listeners: Listeners,
): Promise<void> {
  app.get(Readiness).phase = 'stopping'
  admission.leave()
  await wait(config.drainMs)
  listeners.close()
  app.get(Readers).sendOff()
  app.getHttpServer().closeIdleConnections()
  await Promise.race([admission.drained(), wait(GRACE_MS, undefined, { ref: false })])
  await app.close()
}
