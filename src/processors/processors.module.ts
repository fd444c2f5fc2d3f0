import { Global, Module } from '@nestjs/common'
import { DiscoveryModule } from '@nestjs/core'
import { Anomaly } from './anomaly/anomaly.js'
import { Dedupe } from './dedupe.js'
import { Identity } from './identity.js'
import { Filter } from './jsonata/filter.js'
import { Jsonata } from './jsonata/jsonata.js'
import { ProcessorsController } from './processors.controller.js'
import { Processors } from './processors.js'
import { Rate } from './rate.js'
import { Uppercase } from './uppercase.js'
import { Window } from './window/window.js'

/** The processors that come with Millrace, and where all are found. */
@Global()
@Module({
  imports: [DiscoveryModule],
  controllers: [ProcessorsController],
  providers: [Processors, Anomaly, Dedupe, Filter, Identity, Jsonata, Rate, Uppercase, Window],
  exports: [Processors],
})
export class ProcessorsModule {}
