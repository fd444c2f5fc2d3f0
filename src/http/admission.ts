import { ApiError } from '#libs/contract'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config/schema.js'
import { ByteBudget } from './byte-budget.js'
import type { Connections } from './connections.js'
import { isRead } from './methods.js'
import { sendError } from './reply.js'

/**
 * Admits request bodies by bytes, from the moment a request's headers are read until it is answered: what is declared, or the most a
 * body may have where nothing is. Past the budget a request is refused before its body is read.
 */
export class Admission {
  private readonly budget: ByteBudget
  private requests = 0
  private leaving = false
  private idle: (() => void) | undefined

  constructor(
    private readonly config: Config,
    private readonly connections: Connections,
  ) {
    this.budget = new ByteBudget(config.ingestBudgetBytes, connections)
  }

  install(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      this.connections.begin(reply.raw)
      if (this.leaving) void reply.header('connection', 'close')
      if (isRead(request.method) || this.admit(request, reply)) done()
    })
  }

  /** From now on a reply closes its connection: clients go elsewhere with the next request, and none is cut off when all are closed. */
  leave(): void {
    this.leaving = true
  }

  /** Resolves when every admitted request was answered, or cannot be any more. */
  async drained(): Promise<void> {
    if (this.requests === 0) return
    await new Promise<void>((resolve) => {
      this.idle = resolve
    })
  }

  private admit(request: FastifyRequest, reply: FastifyReply): boolean {
    const bytes = this.cost(request)
    if (bytes > this.config.maxBodyBytes) return refuse(reply, new ApiError('body_too_large'))
    if (!this.budget.hold(reply.raw, bytes)) return refuse(reply, new ApiError('overloaded'))
    this.requests++
    this.connections.whenOver(reply.raw, () => {
      if (--this.requests === 0) this.idle?.()
    })
    return true
  }

  private cost({ headers }: FastifyRequest): number {
    if (headers['transfer-encoding'] !== undefined) return this.config.maxBodyBytes
    return Number(headers['content-length'] ?? 0)
  }
}

/** The body is not read, so the connection cannot be used again. */
function refuse(reply: FastifyReply, error: ApiError): false {
  void reply.header('connection', 'close')
  sendError(reply, error)
  return false
}
