import { Controller, Headers, Inject, Query, Res, Sse, type MessageEvent } from '@nestjs/common'
import { ApiError, MAX_CURSOR_LENGTH, encodeOpening } from '#libs/contract'
import type { FastifyReply } from 'fastify'
import type { Observable } from 'rxjs'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { Documented } from '../http/call.js'
import { View } from '../view/view.js'
import { streamEvents } from './calls.js'
import { jittered } from './jitter.js'
import { LifecycleSource, encodeLifecycleReset } from './lifecycle-source.js'
import { Readers } from './readers.js'

/** What happens to streams, as an event stream of its own. */
@Controller('streams')
export class LifecycleController {
  private readonly source: LifecycleSource

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly view: View,
    private readonly readers: Readers,
  ) {
    this.source = new LifecycleSource(view)
  }

  @Sse('events')
  @Documented(streamEvents)
  events(
    @Headers('last-event-id') lastEventId: string | undefined,
    @Query('from') from: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Observable<MessageEvent> {
    const { earliest, latest } = this.view.lifecycle
    const resumes = lastEventId !== undefined && lastEventId !== ''
    const position = resumes ? decode(lastEventId) : beginning(from, earliest, latest)
    const lost = position === undefined || position < earliest || position > latest
    const start = lost ? earliest : position
    const reason = position === undefined ? 'invalid' : position > latest ? 'future' : 'trimmed'
    const notice = lost ? encodeLifecycleReset(reason, this.view) : ''
    const opening = encodeOpening(jittered(this.config.reconnectMs), String(start)) + notice
    return this.readers.open(reply, this.source, start, opening)
  }
}

function beginning(from: unknown, earliest: number, latest: number): number {
  if (from === undefined || from === 'earliest') return earliest
  if (from === 'latest') return latest
  const position = typeof from === 'string' ? decode(from) : undefined
  if (position === undefined) throw new ApiError('invalid_cursor')
  return position
}

function decode(text: string): number | undefined {
  return text.length <= MAX_CURSOR_LENGTH && /^[0-9]{1,16}$/.test(text) ? Number(text) : undefined
}
