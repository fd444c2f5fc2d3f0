import { Controller, Get, Inject, Injectable } from '@nestjs/common'
import { ApiError } from '#libs/contract'
import type { Engine } from '#libs/engine'
import { ENGINE } from '../engine.token.js'
import { Documented } from '../http/call.js'
import { Isolation } from '../isolation/isolation.js'
import { live, ready } from './calls.js'

/** Whether this process wants requests: not before it listens, not once it is going down. */
@Injectable()
export class Readiness {
  phase: 'starting' | 'serving' | 'stopping' = 'starting'
}

interface Health {
  readonly status: 'success'
  readonly message: string
}

/** For whoever runs the process: is it alive, and should it get requests. */
@Controller('health')
export class HealthController {
  constructor(
    @Inject(ENGINE) private readonly engine: Engine,
    private readonly readiness: Readiness,
    private readonly isolation: Isolation,
  ) {}

  @Get('live')
  @Documented(live)
  live(): Health {
    return { status: 'success', message: 'alive' }
  }

  /**
   * Processors that cannot be loaded are told, and no reason to go elsewhere: other streams are served, and sends to theirs are kept.
   * @throws ApiError `log_unavailable` | `shutting_down` | `view_behind`
   */
  @Get('ready')
  @Documented(ready)
  ready(): Health {
    const { ok, reason } = this.engine.health()
    if (!ok) throw new ApiError('log_unavailable', reason === undefined ? {} : { message: reason })
    if (this.readiness.phase === 'stopping') throw new ApiError('shutting_down')
    if (this.readiness.phase === 'starting' || !this.caughtUp()) throw new ApiError('view_behind')
    const { problem } = this.isolation
    const notes = [reason, problem && `${problem}; see the log`].filter((note) => note !== undefined)
    return { status: 'success', message: ['ready', ...notes].join(', but ') }
  }

  private caughtUp(): boolean {
    const { engine } = this
    return Array.from({ length: engine.partitions }, (_, partition) => partition).every((partition) =>
      engine.caughtUp(partition),
    )
  }
}
