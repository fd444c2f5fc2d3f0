import type { IncomingMessage } from 'node:http'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ConstraintStrategy, HTTPVersion } from 'find-my-way'
import type { Config } from '../config/schema.js'
import { refuseConnection } from './client-error.js'
import type { Connections } from './connections.js'
import { sendError } from './reply.js'

/** Longest path parameter looked at: an id of 128 characters, each percent-encoded, and then some; longer ones are no id. */
const MAX_PARAM_LENGTH = 1_024

/** Idle keep-alive connections are kept longer than the 60 s after which common load balancers close theirs. */
const KEEP_ALIVE_MS = 72_000

/** How often Node looks for requests that are late. */
const MAX_CHECK_MS = 5_000

/** Name of the routing constraint that tells a request for JSON from one for an event stream at the same address. */
export const WANTS = 'wants'

/** Fastify under Nest: bodies arrive as bytes and are parsed where their meaning is known. */
export function createAdapter(config: Config, connections: Connections): FastifyAdapter {
  const adapter = new FastifyAdapter({
    skipMiddie: true,
    logger: false,
    bodyLimit: config.maxBodyBytes,
    requestTimeout: config.requestTimeoutMs,
    http: {
      // Node takes the greater of the two as the limit of the whole request, and its own for headers is 60 s.
      headersTimeout: config.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(MAX_CHECK_MS, config.requestTimeoutMs / 2),
    },
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH, constraints: { [WANTS]: wantsStrategy } },
    clientErrorHandler: (error, socket) => {
      refuseConnection(error, socket, connections)
    },
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      sendError(reply, error)
    },
  })
  const fastify: FastifyInstance = adapter.getInstance()
  fastify.removeAllContentTypeParsers()
  // The types of a send by name, though '*' matches them: under '*' Fastify parses the type anew in every request, 1.7 of some 100 µs.
  const types = ['application/json', 'application/x-ndjson', '*']
  fastify.addContentTypeParser(types, { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body)
  })
  fastify.addHook('onRequest', (request, _reply, done) => {
    // A malformed type is none: Fastify would refuse it even where any will do.
    if (request.headers['content-type'] !== undefined && request.mediaType === undefined)
      delete request.headers['content-type']
    done()
  })
  return adapter
}

type Strategy = ConstraintStrategy<HTTPVersion.V1>
type Handler = Parameters<ReturnType<Strategy['storage']>['set']>[1]

/** 'json' for a request that accepts JSON and does not ask for an event stream; routes without the constraint take the others. */
const wantsStrategy: Strategy = {
  name: WANTS,
  storage: () => {
    const handlers = new Map<unknown, Handler>()
    return {
      get: (wants) => handlers.get(wants) ?? null,
      set: (wants, handler) => void handlers.set(wants, handler),
    }
  },
  deriveConstraint: ({ headers: { accept } }: IncomingMessage) =>
    accept?.includes('application/json') === true && !accept.includes('text/event-stream') ? 'json' : 'events',
  validate: () => true,
  mustMatchWhenDerived: false,
}
