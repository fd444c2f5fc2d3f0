import { Global, Module } from '@nestjs/common'
import { DiscoveryModule } from '@nestjs/core'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { Isolation } from '../isolation/isolation.js'
import { PROGRAM } from '../isolation/program-path.js'
import { BUILT_IN } from './built-in.js'
import { limitsOf } from './limits.js'
import { knownOutside, OUTSIDE, type Outside } from './outside.js'
import { ProcessorsController } from './processors.controller.js'
import { Processors } from './processors.js'

function isolate(config: Config): Isolation {
  const { processors, processorTimeoutMs: timeoutMs, processorMemoryBytes: memoryBytes } = config
  return new Isolation(
    PROGRAM,
    { processors, limits: limitsOf(config), timeoutMs, memoryBytes },
    config.processorWorkers,
  )
}

/** Nothing is begun for it where there is nothing to load. */
const load = async (config: Config, isolation: Isolation): Promise<Outside> =>
  knownOutside(config.processors.length === 0 ? [] : await isolation.descriptions(), isolation)

/** The processors that come with Millrace and those from outside, and where all are found. */
@Global()
@Module({
  imports: [DiscoveryModule],
  controllers: [ProcessorsController],
  providers: [
    { provide: Isolation, inject: [CONFIG], useFactory: isolate },
    { provide: OUTSIDE, inject: [CONFIG, Isolation], useFactory: load },
    Processors,
    ...BUILT_IN,
  ],
  exports: [Isolation, Processors],
})
export class ProcessorsModule {}
