import { Global, Module, type DynamicModule } from '@nestjs/common'
import { Connections } from './connections.js'

/** What the adapter, which is there before any module, shares with those who answer. */
@Global()
@Module({})
export class HttpModule {
  static with(connections: Connections): DynamicModule {
    return {
      module: HttpModule,
      providers: [{ provide: Connections, useValue: connections }],
      exports: [Connections],
    }
  }
}
