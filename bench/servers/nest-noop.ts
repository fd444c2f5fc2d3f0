import 'reflect-metadata'

import { Body, Controller, HttpCode, Module, Param, Post } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'

// What Nest on Fastify alone costs: an ordinary controller that parses the same body and does nothing with it.
@Controller('stream')
class StreamController {
  @Post(':id/send')
  @HttpCode(200)
  send(@Param('id') id: string, @Body() _body: { data: unknown }): { status: string; message: string } {
    return { status: 'success', message: `Data sent to stream ${id}!` }
  }
}

@Module({ controllers: [StreamController] })
class AppModule {}

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false })
await app.listen(Number(process.env.PORT), '127.0.0.1')
