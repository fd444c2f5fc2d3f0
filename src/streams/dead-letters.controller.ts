import { Controller, Get, Header, HttpCode, Param, Post, Query, Res } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { Documented } from '../http/call.js'
import { listDeadLetters, replayDeadLetter } from './calls.js'
import { DeadLettersService } from './dead-letters.service.js'

/** Records that failed. */
@Controller('stream')
export class DeadLettersController {
  constructor(private readonly letters: DeadLettersService) {}

  @Get(':id/dead-letters')
  @Documented(listDeadLetters)
  @Header('content-type', 'application/json; charset=utf-8')
  list(
    @Param('id') id: string,
    @Query() query: Record<string, unknown>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    return this.letters.read(reply.raw, id, query)
  }

  @Post(':id/dead-letters/:seq/replay')
  @Documented(replayDeadLetter)
  @HttpCode(200)
  async replay(@Param('id') id: string, @Param('seq') seq: string): Promise<{ status: 'success'; message: string }> {
    await this.letters.replay(id, seq)
    return { status: 'success', message: `Dead letter ${seq} of stream ${id} sent again` }
  }
}
