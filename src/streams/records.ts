import { ApiError } from '#libs/contract'
import { bodyText, parseJson } from '../http/body.js'

/**
 * The records of a send, each as JSON text on one line: the member `data` of a JSON object, or the lines of NDJSON, blank ones skipped.
 * All or nothing.
 * @throws ApiError `unsupported_media_type` | `empty_body` | `invalid_json` | `missing_data`; of NDJSON with the line's number
 */
export function parseRecords(contentType: string | undefined, body: unknown): string[] {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/json' && type !== 'application/x-ndjson') throw new ApiError('unsupported_media_type')
  const text = bodyText(body)
  if (text.trim() === '') throw new ApiError('empty_body')
  return type === 'application/json' ? [parseSingle(text)] : parseLines(text)
}

function parseSingle(text: string): string {
  const body = parseJson(text)
  if (typeof body !== 'object' || body === null || !('data' in body)) throw new ApiError('missing_data')
  return JSON.stringify(body.data)
}

function parseLines(text: string): string[] {
  const records: string[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const record = line.trim()
    if (record === '') continue
    parseJson(record, `Line ${index + 1}`, { line: index + 1 })
    records.push(record)
  }
  return records
}
