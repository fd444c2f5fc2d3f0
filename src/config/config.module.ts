import { Global, Module, type DynamicModule } from '@nestjs/common'
import { CONFIG } from './config.js'
import type { Config } from './schema.js'

@Global()
@Module({})
export class ConfigModule {
  static with(config: Config): DynamicModule {
    return { module: ConfigModule, providers: [{ provide: CONFIG, useValue: config }], exports: [CONFIG] }
  }
}
