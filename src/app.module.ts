import { Module, type DynamicModule } from '@nestjs/common'
import { APP_FILTER } from '@nestjs/core'
import { ScheduleModule } from '@nestjs/schedule'
import { ConfigModule } from './config/config.module.js'
import type { Config } from './config/schema.js'
import { EngineModule } from './engine.module.js'
import type { Connections } from './http/connections.js'
import { ErrorFilter } from './http/error.filter.js'
import { HttpModule } from './http/http.module.js'
import { OpsModule } from './ops/ops.module.js'
import { ProcessingModule } from './processing/processing.module.js'
import { ProcessorsModule } from './processors/processors.module.js'
import { StreamsModule } from './streams/streams.module.js'

@Module({})
export class AppModule {
  static with(config: Config, connections: Connections): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        HttpModule.with(connections),
        ScheduleModule.forRoot(),
        EngineModule,
        ProcessorsModule,
        ProcessingModule,
        StreamsModule,
        OpsModule,
      ],
      providers: [{ provide: APP_FILTER, useClass: ErrorFilter }],
    }
  }
}
