import { Module } from '@nestjs/common'
import { DeadLettersController } from './dead-letters.controller.js'
import { DeadLettersService } from './dead-letters.service.js'
import { Decisions } from './decisions.js'
import { Descriptions } from './descriptions.js'
import { Directory } from './directory.js'
import { IdleTask } from './idle.task.js'
import { LifecycleOpenings } from './lifecycle-opening.js'
import { LifecycleController } from './lifecycle.controller.js'
import { LifecycleService } from './lifecycle.service.js'
import { Openings } from './opening.js'
import { PageBudget } from './page-budget.js'
import { Readers } from './readers.js'
import { ResultPages } from './result-pages.js'
import { ResultsController } from './results.controller.js'
import { SendService } from './send.service.js'
import { StreamsController } from './streams.controller.js'

@Module({
  controllers: [DeadLettersController, LifecycleController, ResultsController, StreamsController],
  providers: [
    DeadLettersService,
    Decisions,
    Descriptions,
    Directory,
    IdleTask,
    LifecycleOpenings,
    LifecycleService,
    Openings,
    PageBudget,
    Readers,
    ResultPages,
    SendService,
  ],
})
export class StreamsModule {}
