import { ConsoleLogger } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import type { MicroserviceOptions } from '@nestjs/microservices'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import type { Engine } from '#libs/engine'
import { AppModule } from './app.module.js'
import type { Config } from './config/schema.js'
import { ENGINE, EXTERNAL } from './engine.token.js'
import { createAdapter } from './http/adapter.js'
import { Admission } from './http/admission.js'
import { Connections } from './http/connections.js'
import { Listeners } from './http/listeners.js'
import { MethodGuard } from './http/methods.js'
import { installTurns } from './http/turns.js'
import { ApiDocument } from './ops/api-document.js'
import { Readiness } from './ops/health.controller.js'
import { shutDown } from './ops/shutdown.js'
import type { ExternalProcessing } from './processing/batch.js'
import { EngineTransport } from './processing/engine-transport.js'
import { Processors } from './processors/processors.js'
import { View } from './view/view.js'

/**
 * Connections that may wait to be accepted; the system caps it (Linux: net.core.somaxconn). With Node's 511, most of 5,000 readers
 * that come back at once are dropped and come again after 1, 3 or 7 s.
 */
const BACKLOG = 65_535

export interface Millrace {
  readonly url: string
  stop(): Promise<void>
}

/**
 * Starts the server: store, view, owner, then the listener.
 * @param onFailure called when processing stops for good; the process should end and be started anew
 */
export async function startMillrace(config: Config, onFailure: (error: unknown) => void): Promise<Millrace> {
  const connections = new Connections()
  const adapter = createAdapter(config, connections)
  const fastify = adapter.getInstance()
  const admission = new Admission(config, connections)
  admission.install(fastify)
  installTurns(fastify, config.engine)
  new MethodGuard().install(fastify)
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config, connections), adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: new ConsoleLogger({ json: true, colors: false, logLevels: levels(config.logLevel) }),
  })
  app.get(Processors).discover()
  const strategy = new EngineTransport({
    engine: app.get<Engine>(ENGINE),
    view: app.get(View),
    maxCommitChars: config.maxCommitBytes,
    maxDeadLetterBytes: config.maxDeadLetterBytes,
    external: app.get<ExternalProcessing | null>(EXTERNAL) ?? undefined,
    onFailure,
  })
  app.connectMicroservice<MicroserviceOptions>({ strategy }, { inheritAppConfig: true })
  await app.startAllMicroservices()
  await app.init()
  app.get(ApiDocument).describe(app)
  await app.listen({ port: config.port, host: config.host, backlog: BACKLOG })
  const listeners = new Listeners(app.getHttpServer(), BACKLOG)
  await listeners.open()
  app.get(Readiness).phase = 'serving'
  return { url: await app.getUrl(), stop: () => shutDown(app, config, admission, listeners) }
}

const LEVELS = ['fatal', 'error', 'warn', 'log', 'debug'] as const

/** The level and all that are more important. */
function levels(least: Config['logLevel']): (typeof LEVELS)[number][] {
  return LEVELS.slice(0, LEVELS.indexOf(least) + 1)
}
