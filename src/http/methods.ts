import { ApiError } from '#libs/contract'
import type { FastifyInstance } from 'fastify'
import { sendError } from './reply.js'

/** Of requests that change nothing. */
export const isRead = (method: string): boolean => method === 'GET' || method === 'HEAD'

interface Route {
  readonly shape: RegExp
  readonly methods: Set<string>
}

/** Answers a known address with an unknown method by 405 and `Allow`, where Fastify would say 404. Routes added later are known. */
export class MethodGuard {
  private readonly routes = new Map<string, Route>()

  install(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      if (url.includes('*')) return
      const route = this.routes.get(url) ?? { shape: shapeOf(url), methods: new Set() }
      this.routes.set(url, route)
      for (const one of [method].flat()) route.methods.add(one)
    })
    fastify.addHook('onRequest', (request, reply, done) => {
      const allow = request.is404 ? this.allowed(request.url) : ''
      if (allow === '') done()
      else sendError(reply, new ApiError('method_not_allowed', { headers: { allow } }))
    })
  }

  /** Methods of every route the address fits: `/stream/start` is an address of its own and that of a stream. */
  private allowed(url: string): string {
    const [path = ''] = url.split('?', 1)
    const fitting = [...this.routes.values()].filter(({ shape }) => shape.test(path))
    return [...new Set(fitting.flatMap(({ methods }) => [...methods]))].sort().join(', ')
  }
}

/** A route's address as a pattern: a parameter is whatever stands between two slashes. */
const shapeOf = (url: string): RegExp =>
  new RegExp(`^${url.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+')}$`)
