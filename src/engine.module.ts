import { Global, Inject, Logger, Module, type OnApplicationShutdown } from '@nestjs/common'
import type { Engine } from '#libs/engine'
import { CONFIG } from './config/config.js'
import type { Config } from './config/schema.js'
import { EmbeddedEngine } from './embedded/embedded-engine.js'
import { openStore, type OpenStore } from './embedded/open-store.js'
import { StoreError } from './embedded/store-error.js'
import { ENGINE } from './engine.token.js'
import { Retention } from './view/retention.js'
import { View } from './view/view.js'

const STORE = Symbol('OpenStore')

/** Commits of full size that may be on their way to the disk. */
const UNSETTLED_COMMITS = 4

/** Puts the configured engine and the view together; the only place that knows which engine it is. */
@Global()
@Module({
  providers: [
    {
      provide: STORE,
      inject: [CONFIG],
      useFactory: (config: Config) => openStore(config.dataDir, config.diskReserveBytes),
    },
    // Behind the engine, whose marker stops whoever wrote here before: what the view reads at start changes no more.
    { provide: View, inject: [STORE, ENGINE], useFactory: ({ store }: OpenStore) => new View(store) },
    Retention,
    {
      provide: ENGINE,
      inject: [CONFIG, STORE],
      useFactory: (config: Config, { store }: OpenStore): Engine =>
        new EmbeddedEngine(store, {
          backlogBytes: config.ingestBudgetBytes,
          maxUnsettledChars: UNSETTLED_COMMITS * config.maxCommitBytes,
          barrierTimeoutMs: config.verdictTimeoutMs,
          onFenced: () => {
            new Logger('Engine').error('Another process has taken DATA_DIR over: this one stops.')
            process.kill(process.pid, 'SIGTERM')
          },
        }),
    },
  ],
  exports: [ENGINE, View],
})
export class EngineModule implements OnApplicationShutdown {
  constructor(
    @Inject(ENGINE) private readonly engine: Engine,
    @Inject(STORE) private readonly opened: OpenStore,
    private readonly retention: Retention,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.retention.stop()
    await this.engine.close()
    await this.opened.close()
  }
}

export { StoreError }
