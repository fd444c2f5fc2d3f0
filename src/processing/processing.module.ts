import { Module } from '@nestjs/common'
import { ProcessorHost } from './processor-host.js'
import { RecordsController } from './records.controller.js'

@Module({ controllers: [RecordsController], providers: [ProcessorHost] })
export class ProcessingModule {}
