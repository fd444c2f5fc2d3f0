import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common'
import type { FastifyReply } from 'fastify'
import { sendError } from './reply.js'

/** Everything thrown on the way to an answer becomes one of the API's errors. A 204 is no error: it tells an EventSource to stop. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>()
    if (error instanceof HttpException && error.getStatus() === 204) void reply.status(204).send()
    else sendError(reply, error)
  }
}
