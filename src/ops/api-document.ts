import { readFile } from 'node:fs/promises'
import { Injectable, type INestApplication } from '@nestjs/common'
import { ModulesContainer } from '@nestjs/core'
import type { OpenAPIObject } from '@nestjs/swagger'
import { callOf, type Call } from '../http/call.js'
import { PATH_PARAMETERS } from '../streams/calls.js'
import { SCHEMAS } from '../streams/schemas.js'
import { ERROR_SCHEMAS, NO_CALL } from './error-responses.js'
import { toOperation } from './operation.js'

const DESCRIPTION = `Send data over HTTP; it is kept in a durable log, processed, and its results are streamed back as Server-Sent Events.

Every reply is JSON with a \`status\`; every success is a 200. An error has a stable \`code\`; \`x-errors\` beside each says whether trying again can help (\`retryable\`) and whether the record, or the change, may exist all the same (\`outcome\`).`

type Operations = Record<string, { readonly operationId?: string }>

/** The OpenAPI document of the application's routes, made when it is first asked for. */
@Injectable()
export class ApiDocument {
  private app: INestApplication | undefined
  private made: Promise<string> | undefined

  /** To be called once, before the first request. */
  describe(app: INestApplication): void {
    this.app = app
  }

  /** The document as JSON. */
  json(): Promise<string> {
    if (this.app === undefined) throw new Error('There is no application to describe.')
    return (this.made ??= make(this.app).then((document) => JSON.stringify(document)))
  }
}

async function make(app: INestApplication): Promise<OpenAPIObject> {
  const calls = callsOf(app.get(ModulesContainer))
  // Loaded here, not at the start: that takes about 0.4 s of processor time and 13 MB, and most processes are never asked.
  const { DocumentBuilder, SwaggerModule } = await import('@nestjs/swagger')
  const base = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Millrace')
    .setDescription(DESCRIPTION)
    .setVersion(await packageVersion())
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addServer('/')
    .addTag('streams', 'Lives of streams')
    .addTag('data', 'Records in, results out')
    .addTag('health', 'For whoever runs the process')
    .build()
  const scanned = SwaggerModule.createDocument(app, base, { operationIdFactory: nameOf })
  const paths = Object.entries(scanned.paths).flatMap(([path, operations]) => {
    const described = describe(operations as Operations, path, calls)
    return Object.keys(described).length === 0 ? [] : [[path, described]]
  })
  const components = {
    schemas: { ...SCHEMAS, ...ERROR_SCHEMAS },
    responses: NO_CALL,
    parameters: Object.fromEntries(
      Object.entries(PATH_PARAMETERS).map(([name, schema]) => [name, { in: 'path', name, required: true, schema }]),
    ),
  }
  return { ...base, paths: Object.fromEntries(paths) as OpenAPIObject['paths'], components } as OpenAPIObject
}

/** Of what a path can do, what is a call of the API. */
function describe(
  operations: Operations,
  path: string,
  calls: ReadonlyMap<string | undefined, Call>,
): Record<string, unknown> {
  const described = Object.entries(operations).flatMap(([method, { operationId }]) => {
    const call = calls.get(operationId)
    return call === undefined ? [] : [[method, toOperation(call, path)]]
  })
  return Object.fromEntries(described) as Record<string, unknown>
}

const nameOf = (controller: string, method: string): string => `${controller}.${method}`

/** The routes that said something of themselves. */
function callsOf(modules: ModulesContainer): Map<string | undefined, Call> {
  const calls = new Map<string | undefined, Call>()
  for (const { controllers } of modules.values())
    for (const { metatype } of controllers.values()) {
      if (typeof metatype !== 'function') continue
      for (const [method, { value }] of Object.entries(Object.getOwnPropertyDescriptors(metatype.prototype))) {
        const call = typeof value === 'function' ? callOf(value as object) : undefined
        if (call !== undefined) calls.set(nameOf(metatype.name, method), call)
      }
    }
  return calls
}

async function packageVersion(): Promise<string> {
  const text = await readFile(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
