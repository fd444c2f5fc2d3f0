import { Ajv2020 } from 'ajv/dist/2020.js'

import { request } from './http.js'

const isoTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

interface Media {
  readonly schema: object
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>
}

interface Response {
  readonly content?: Readonly<Record<string, Media>>
}

interface Operation {
  readonly operationId: string
  readonly requestBody?: Response
  readonly responses: Readonly<Record<string, Response>>
}

/** A body of the API document, and where its schema stands in it. */
export interface Body {
  readonly pointer: string
  readonly media: Media
}

/** The API document of a running server, to be asked what it says. */
export class ApiDocument {
  // Not strict: a document is more than a schema.
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true, formats: { 'date-time': isoTime } })

  private constructor(readonly json: Readonly<Record<string, unknown>>) {
    this.ajv.addSchema({ ...json }, 'api')
  }

  static async of(url: string): Promise<ApiDocument> {
    const { status, body } = await request(`${url}/openapi.json`)
    if (status !== 200) throw new Error(`the document was answered with ${status}`)
    return new ApiDocument(body)
  }

  /** `METHOD /path` of every call. */
  get routes(): string[] {
    return this.operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  }

  get operationIds(): string[] {
    return this.operations.map(({ operation }) => operation.operationId)
  }

  /** Error codes that a call declares, of one HTTP status or of all. */
  codes(operationId: string, status?: number): string[] {
    const { operation } = this.find(operationId)
    return Object.entries(operation.responses)
      .filter(([key]) => status === undefined || key === String(status))
      .flatMap(([, response]) => Object.values(response.content ?? {}))
      .flatMap(({ schema }) => codesIn(schema))
  }

  /** The media types a call answers 200 with. */
  mediaTypes(operationId: string): string[] {
    return Object.keys(this.find(operationId).operation.responses['200']?.content ?? {})
  }

  statuses(operationId: string): string[] {
    return Object.keys(this.find(operationId).operation.responses)
  }

  /** Every body the document describes: of requests, of answers. */
  get bodies(): Body[] {
    return this.operations.flatMap(({ path, method, operation }) => {
      const start = `api#/paths/${escape(path)}/${method}`
      const answers = Object.entries(operation.responses).flatMap(([status, response]) =>
        bodiesOf(response, `${start}/responses/${status}`),
      )
      return [...bodiesOf(operation.requestBody ?? {}, `${start}/requestBody`), ...answers]
    })
  }

  /** What is wrong with `value` as the answer of a call; empty if it is as declared. */
  problems(operationId: string, status: number, mediaType: string, value: unknown): string[] {
    const { path, method } = this.find(operationId)
    return this.problemsAt(
      `api#/paths/${escape(path)}/${method}/responses/${status}/content/${escape(mediaType)}/schema`,
      value,
    )
  }

  problemsAt(pointer: string, value: unknown): string[] {
    const validate = this.ajv.getSchema(pointer)
    if (validate === undefined) return [`${pointer} is not in the document`]
    return validate(value) ? [] : [this.ajv.errorsText(validate.errors)]
  }

  private get operations(): { path: string; method: string; operation: Operation }[] {
    const paths = this.json.paths as Record<string, Record<string, Operation>>
    return Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    )
  }

  private find(operationId: string): { path: string; method: string; operation: Operation } {
    const found = this.operations.find(({ operation }) => operation.operationId === operationId)
    if (found === undefined) throw new Error(`there is no call ${operationId} in the document`)
    return found
  }
}

function bodiesOf({ content = {} }: Response, start: string): Body[] {
  return Object.entries(content).map(([type, media]) => ({ pointer: `${start}/content/${escape(type)}/schema`, media }))
}

/** The codes of an error's schema: it narrows the general one. */
function codesIn(schema: object): string[] {
  const { allOf = [] } = schema as { allOf?: { properties?: { code?: { enum?: string[] } } }[] }
  return allOf.flatMap(({ properties }) => properties?.code?.enum ?? [])
}

const escape = (part: string): string => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))
