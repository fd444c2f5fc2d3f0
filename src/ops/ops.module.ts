import { Module } from '@nestjs/common'
import { ApiDocument } from './api-document.js'
import { DocsController } from './docs.controller.js'
import { HealthController, Readiness } from './health.controller.js'

@Module({ controllers: [HealthController, DocsController], providers: [ApiDocument, Readiness] })
export class OpsModule {}
