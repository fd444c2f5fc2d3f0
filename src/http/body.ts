import { isUtf8 } from 'node:buffer'
import { Injectable, type PipeTransform } from '@nestjs/common'
import { ApiError } from '#libs/contract'
import { MAX_DEPTH, isTooDeep } from './json-depth.js'

/** The text of a body; none is ''. @throws ApiError `invalid_json` if it is not UTF-8 */
export function bodyText(body: unknown): string {
  if (!(body instanceof Buffer)) return ''
  if (!isUtf8(body)) throw new ApiError('invalid_json', { message: 'The body is not UTF-8.' })
  return body.toString()
}

/**
 * Any JSON value. `where` and `fields` say in the error what it was that could not be read.
 * @throws ApiError `invalid_json`; the parser's message is not repeated, since it quotes the body
 */
export function parseJson(text: string, where = 'The body', fields: Record<string, number> = {}): unknown {
  if (isTooDeep(text))
    throw new ApiError('invalid_json', { message: `${where} is nested deeper than ${MAX_DEPTH}.`, fields })
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ApiError('invalid_json', { message: `${where} is not valid JSON.`, fields }, { cause: error })
  }
}

/** The body of a control call as an object: no body, an empty one and `{}` are the same, whatever the content type. */
@Injectable()
export class ControlBody implements PipeTransform<unknown, object> {
  transform(body: unknown): object {
    const text = bodyText(body)
    const value = text.trim() === '' ? {} : parseJson(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new ApiError('invalid_request', { message: 'The body must be a JSON object.' })
    return value
  }
}
