import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res, ValidationPipe } from '@nestjs/common'
import type { StreamDescription } from '#libs/contract'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { ControlBody } from '../http/body.js'
import { Documented } from '../http/call.js'
import * as calls from './calls.js'
import { Descriptions, type StreamList } from './descriptions.js'
import { LifecycleService } from './lifecycle.service.js'
import { SendService } from './send.service.js'
import { StartRequest } from './start.dto.js'

/** Unknown members are a 400: a setting that is misspelt must not be a default that goes unnoticed. */
const validated = [ControlBody, new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true })]

interface Reply {
  readonly status: 'success'
  readonly message: string
}

/** Data in, and the lives of streams. */
@Controller()
export class StreamsController {
  constructor(
    private readonly lifecycle: LifecycleService,
    private readonly sends: SendService,
    private readonly descriptions: Descriptions,
  ) {}

  @Post('stream/start')
  @Documented(calls.startStream)
  @HttpCode(200)
  start(@Body(...validated) request: StartRequest): Promise<Reply> {
    return this.started(undefined, request)
  }

  @Post('stream/:id/start')
  @Documented(calls.startStreamAs)
  @HttpCode(200)
  startAs(@Param('id') id: string, @Body(...validated) request: StartRequest): Promise<Reply> {
    return this.started(id, request)
  }

  @Post('stream/:id/send')
  @Documented(calls.sendData)
  @HttpCode(200)
  async send(@Req() request: FastifyRequest<{ Params: { id: string } }>, @Res() reply: FastifyReply): Promise<void> {
    // Not by @Param: Nest awaits every parameter of a handler for itself.
    const { id } = request.params
    const { accepted, duplicate } = await this.sends.send(id, request)
    // Past Nest's own reply, which costs 3 % of a send's time on the main thread. An id that was found needs no escapes.
    const again = duplicate ? ',"duplicate":true' : ''
    void reply
      .header('content-type', 'application/json; charset=utf-8')
      .send(`{"status":"success","message":"Data sent to stream ${id}!","accepted":${accepted}${again}}`)
  }

  @Post('stream/:id/end')
  @Documented(calls.endStream)
  @HttpCode(200)
  async end(@Param('id') id: string): Promise<Reply> {
    await this.lifecycle.close('end', id)
    return success(`Stream ${id} disconnected successfully`)
  }

  @Delete('stream/:id')
  @Documented(calls.deleteStream)
  async delete(@Param('id') id: string): Promise<Reply> {
    await this.lifecycle.close('delete', id)
    return success(`Stream ${id} deleted`)
  }

  @Get('stream/:id')
  @Documented(calls.describeStream)
  async describe(@Param('id') id: string): Promise<Reply & StreamDescription> {
    return { ...success(`Stream ${id}`), ...(await this.descriptions.describe(id)) }
  }

  @Get('streams')
  @Documented(calls.listStreams)
  list(@Query() query: Record<string, unknown>): Promise<Reply & StreamList> {
    return this.descriptions.list(query).then((list) => ({ ...success('Streams'), ...list }))
  }

  private async started(id: string | undefined, request: StartRequest): Promise<Reply> {
    return { ...success('Stream started successfully!'), ...(await this.lifecycle.start(id, request)) }
  }
}

const success = (message: string): Reply => ({ status: 'success', message })
