import {
  Controller,
  Get,
  Header,
  Headers,
  HttpCode,
  Inject,
  Param,
  Query,
  Res,
  Sse,
  type MessageEvent,
} from '@nestjs/common'
import { RouteConstraints } from '@nestjs/platform-fastify'
import { encodeOpening } from '#libs/contract'
import type { FastifyReply } from 'fastify'
import type { Observable } from 'rxjs'
import { CONFIG } from '../config/config.js'
import type { Config } from '../config/schema.js'
import { WANTS } from '../http/adapter.js'
import { Documented } from '../http/call.js'
import { View } from '../view/view.js'
import { readResults } from './calls.js'
import { jittered } from './jitter.js'
import { Openings, cursorOf } from './opening.js'
import { ResultPages } from './result-pages.js'
import { Readers } from './readers.js'
import { StreamSource, encodeReset } from './stream-source.js'

/** Results out, as an event stream or as pages of JSON. */
@Controller('stream')
export class ResultsController {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly view: View,
    private readonly openings: Openings,
    private readonly readers: Readers,
    private readonly pages: ResultPages,
  ) {}

  @Sse(':id/results')
  @Documented(readResults)
  async stream(
    @Param('id') id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Query('from') from: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Observable<MessageEvent>> {
    const beginning = await this.openings.find(id, { lastEventId, from })
    const { header, position, reset } = beginning
    const opening = encodeOpening(jittered(this.config.reconnectMs), cursorOf(beginning))
    const notice = reset === undefined ? '' : encodeReset(header.incarnation, reset)
    const source = new StreamSource(this.view, header)
    return this.readers.open(reply, source, position, opening + notice, [header.id, header.incarnation])
  }

  @Get(':id/results')
  @Documented(readResults)
  @RouteConstraints({ [WANTS]: 'json' })
  @HttpCode(200)
  @Header('content-type', 'application/json; charset=utf-8')
  page(
    @Param('id') id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Query('from') from: unknown,
    @Query('limit') limit: unknown,
    @Query('wait') wait: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    return this.pages.read(reply.raw, id, { lastEventId, from }, { limit, wait })
  }
}
