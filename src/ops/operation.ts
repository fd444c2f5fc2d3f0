import { ANY_CALL, type Call, type Media } from '../http/call.js'
import { errorResponses } from './error-responses.js'

/** What a call says of itself, as an OpenAPI operation. */
export function toOperation(call: Call, path: string): Record<string, unknown> {
  const { id, tag, summary, description, parameters = [], body, answer, noContent, errors } = call
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ $ref: `#/components/parameters/${name}` }))
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    parameters: [...inPath, ...parameters],
    ...(body !== undefined && { requestBody: { required: body.required, content: contentOf(body.content) } }),
    responses: {
      '200': { description: answer.description, content: contentOf(answer.content) },
      ...(noContent !== undefined && { '204': { description: noContent } }),
      ...errorResponses([...ANY_CALL, ...errors]),
    },
  }
}

function contentOf(content: Readonly<Record<string, Media>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(content).map(([type, { schema, examples = {} }]) => {
      const named = Object.entries(examples).map(([name, value]) => [name, { value }] as const)
      return [type, { schema, examples: Object.fromEntries(named) }] as const
    }),
  )
}
