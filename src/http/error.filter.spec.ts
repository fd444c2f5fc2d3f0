import { Controller, Get, HttpException, type LoggerService } from '@nestjs/common'
import { APP_FILTER } from '@nestjs/core'
import type { NestFastifyApplication } from '@nestjs/platform-fastify'
import { Test } from '@nestjs/testing'
import { ApiError } from '#libs/contract'
import { readConfig } from '../config/config.js'
import { createAdapter } from './adapter.js'
import { Connections } from './connections.js'
import { ErrorFilter } from './error.filter.js'

@Controller()
class Failing {
  @Get('unforeseen')
  unforeseen(): never {
    throw new Error('the password is 1234')
  }

  @Get('no-error')
  notAnError(): never {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- a library may
    throw 'the password is 1234'
  }

  @Get('known')
  known(): never {
    throw new ApiError('producer_gap', { fields: { expected: 3 } })
  }

  @Get('busy')
  busy(): never {
    throw new ApiError('overloaded')
  }

  @Get('stop')
  stop(): never {
    throw new HttpException('', 204)
  }
}

/** Keeps what is logged as an error. */
class Log implements LoggerService {
  readonly errors: string[] = []
  log(): void {
    return undefined
  }
  warn(): void {
    return undefined
  }
  error(...parts: unknown[]): void {
    this.errors.push(JSON.stringify(parts))
  }
}

describe('what is thrown on the way to an answer', () => {
  let app: NestFastifyApplication
  const log = new Log()

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      controllers: [Failing],
      providers: [{ provide: APP_FILTER, useClass: ErrorFilter }],
    }).compile()
    const adapter = createAdapter(readConfig({}), new Connections())
    app = module.createNestApplication<NestFastifyApplication>(adapter, { bodyParser: false })
    app.useLogger(log)
    await app.init()
  })

  afterAll(() => app.close())

  it.each(['/unforeseen', '/no-error'])('from %s is told to nobody, and logged whole', async (url) => {
    log.errors.length = 0
    const { statusCode, body } = await app.inject({ method: 'GET', url })
    expect(statusCode).toBe(500)
    expect(JSON.parse(body)).toEqual({
      status: 'error',
      code: 'internal',
      message: 'The server failed. Its log says more.',
    })
    expect(log.errors).toHaveLength(1)
    expect(log.errors[0]).toContain('1234')
  })

  it('as an error of the API is answered as the table has it, with its fields, and is no error of the server', async () => {
    log.errors.length = 0
    const { statusCode, body, headers } = await app.inject({ method: 'GET', url: '/known' })
    expect([statusCode, JSON.parse(body)]).toMatchObject([409, { status: 'error', code: 'producer_gap', expected: 3 }])
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
    expect(log.errors).toEqual([])
  })

  it('as a 503 says when to come again', async () => {
    const { statusCode, headers } = await app.inject({ method: 'GET', url: '/busy' })
    expect([statusCode, headers['retry-after']]).toEqual([503, '1'])
  })

  it('as a 204 is no error: it has no body', async () => {
    const { statusCode, body } = await app.inject({ method: 'GET', url: '/stop' })
    expect([statusCode, body]).toEqual([204, ''])
  })
})
