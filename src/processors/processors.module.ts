import { Global, Module } from '@nestjs/common'
import { DiscoveryModule } from '@nestjs/core'
import { Identity } from './identity.js'
import { ProcessorsController } from './processors.controller.js'
import { Processors } from './processors.js'
import { Uppercase } from './uppercase.js'

/** The processors that come with Millrace, and where all are found. */
@Global()
@Module({
  imports: [DiscoveryModule],
  controllers: [ProcessorsController],
  providers: [Processors, Identity, Uppercase],
  exports: [Processors],
})
export class ProcessorsModule {}
