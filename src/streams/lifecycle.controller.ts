import { Controller, Headers, Inject, Query, Res, Sse, type MessageEvent } from '@nestjs/common'
import { encodeFeedCursor, encodeOpening } from '#libs/contract'
import type { FastifyReply } from 'fastify'
import type { Observable } from 'rxjs'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { Documented } from '../http/call.js'
import { View } from '../view/view.js'
import { streamEvents } from './calls.js'
import { jittered } from './jitter.js'
import { LifecycleOpenings } from './lifecycle-opening.js'
import { LifecycleSource, encodeLifecycleReset } from './lifecycle-source.js'
import { Readers } from './readers.js'

/** What happens to streams, as an event stream of its own. */
@Controller('streams')
export class LifecycleController {
  private readonly source: LifecycleSource

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly view: View,
    private readonly openings: LifecycleOpenings,
    private readonly readers: Readers,
  ) {
    this.source = new LifecycleSource(view)
  }

  @Sse('events')
  @Documented(streamEvents)
  async events(
    @Headers('last-event-id') lastEventId: string | undefined,
    @Query('from') from: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Observable<MessageEvent>> {
    const { position, reset } = await this.openings.find({ lastEventId, from })
    const opening = encodeOpening(jittered(this.config.reconnectMs), encodeFeedCursor(position))
    const notice = reset === undefined ? '' : encodeLifecycleReset(reset, position, this.view)
    return this.readers.open(reply, this.source, position, opening + notice)
  }
}
