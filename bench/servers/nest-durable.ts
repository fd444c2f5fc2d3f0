import 'reflect-metadata'

import { Body, Controller, HttpCode, Module, Param, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { open } from 'lmdb'

const env = open({ path: process.env.DATA_DIR ?? '', maxDbs: 1 })
const input = env.openDB<Buffer, number>('input', { encoding: 'binary', keyEncoding: 'uint32' })
let waiting: { text: string; resolve: () => void }[] = []
let writing = false

// The route of nest-noop.ts, answered when the body is on the disk: what durability alone costs. Nothing is processed or read back.
@Controller('stream')
class StreamController {
  private next = 0

  @Post(':id/send')
  @HttpCode(200)
  async send(@Param('id') id: string, @Body() body: { data: unknown }): Promise<{ status: string; message: string }> {
    await new Promise<void>((resolve) => {
      waiting.push({ text: JSON.stringify([id, body.data]), resolve })
      if (!writing) void this.write()
    })
    return { status: 'success', message: `Data sent to stream ${id}!` }
  }

  /** Group commit: what comes while one batch is being synced is the next one. */
  private async write(): Promise<void> {
    writing = true
    await new Promise(setImmediate)
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      void input.put(this.next++, Buffer.from(batch.map(({ text }) => text).join('\n')))
      await input.flushed
      for (const { resolve } of batch) resolve()
    }
    writing = false
  }
}

@Module({ controllers: [StreamController] })
class AppModule {}

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false })
await app.listen(Number(process.env.PORT), '127.0.0.1')
