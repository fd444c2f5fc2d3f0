import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common'
import { CONFIG } from './config/config.js'
import type { Config } from './config/schema.js'
import { openEmbedded } from './embedded/open-embedded.js'
import type { Opened } from './engine.opened.js'
import { ENGINE, EXTERNAL } from './engine.token.js'
import { Retention } from './view/retention.js'
import { View } from './view/view.js'

const OPENED = Symbol('Opened')

async function open(config: Config): Promise<Opened> {
  const logger = new Logger('Engine')
  const stop = (reason: string): void => {
    logger.error(`This process stops: ${reason}.`)
    process.kill(process.pid, 'SIGTERM')
  }
  if (config.engine === 'embedded') return openEmbedded(config, stop)
  // Loaded when it is needed: the Kafka client is a tenth of what an embedded server loads to start.
  const { openKafka } = await import('./kafka/open-kafka.js')
  return openKafka(
    config,
    (message) => {
      logger.log(message)
    },
    stop,
  )
}

/** Puts the configured engine and the view together; the only place that knows which engine it is. */
@Global()
@Module({
  providers: [
    { provide: OPENED, inject: [CONFIG], useFactory: open },
    { provide: ENGINE, inject: [OPENED], useFactory: ({ engine }: Opened) => engine },
    { provide: EXTERNAL, inject: [OPENED], useFactory: ({ external }: Opened) => external ?? null },
    // Behind the engine, whose marker stops whoever wrote here before: what the view reads at start changes no more.
    { provide: View, inject: [OPENED], useFactory: ({ store, engine }: Opened) => new View(store, engine.partitions) },
    Retention,
  ],
  exports: [ENGINE, EXTERNAL, View],
})
export class EngineModule implements OnApplicationShutdown {
  constructor(
    @Inject(OPENED) private readonly opened: Opened,
    private readonly retention: Retention,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.retention.stop()
    await this.opened.engine.close()
    await this.opened.close()
  }
}
