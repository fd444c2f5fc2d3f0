import { Inject, Injectable } from '@nestjs/common'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { ByteBudget } from '../http/byte-budget.js'
import { Connections } from '../http/connections.js'

/** One for pages of every kind: what it bounds is the memory of the process. */
@Injectable()
export class PageBudget extends ByteBudget {
  constructor(@Inject(CONFIG) config: Config, connections: Connections) {
    super(config.pageBudgetBytes, connections)
  }
}
