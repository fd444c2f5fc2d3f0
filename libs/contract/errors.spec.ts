import { ApiError, ERRORS, RESULT_ERRORS, type ErrorCode, type ErrorRow } from './errors.js'

const rows = Object.entries(ERRORS) as [ErrorCode, ErrorRow][]
const messages = [...rows.map(([code, { message }]) => [code, message] as const), ...Object.entries(RESULT_ERRORS)]

describe('the error table', () => {
  it.each([...rows.map(([code]) => code), ...Object.keys(RESULT_ERRORS)])('has the code %s in snake_case', (code) => {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/)
  })

  it.each(rows)('gives %s a status of an error', (_, { status }) => {
    expect([400, 404, 405, 408, 409, 413, 415, 422, 431, 500, 503, 504]).toContain(status)
  })

  it('keeps 429 for rate limits, which there are none of', () => {
    expect(rows.filter(([, { status }]) => status === 429)).toEqual([])
  })

  it('leaves open whether something happened only where an append may have been made', () => {
    const unknown = rows.filter(([, { outcome }]) => outcome === 'unknown').map(([code]) => code)
    expect(unknown).toEqual(['internal', 'append_unknown'])
  })

  it('blames the caller only for what the caller must change: of 4xx, only what passes by itself is worth another try', () => {
    const retryable = rows.filter(([, { status, retry }]) => status < 500 && retry).map(([code]) => code)
    expect(retryable).toEqual(['request_timeout', 'stream_closing'])
    expect(rows.filter(([, { status, retry }]) => status >= 500 && !retry)).toEqual([])
  })

  it.each(messages)('says of %s what is wrong in whole sentences, on one line', (_, message) => {
    expect(message).toMatch(/^[A-Z].*\.$/)
    expect(message.length).toBeLessThanOrEqual(160)
    expect(message).not.toMatch(/[\n\r\t]/)
  })

  it.each(rows)('says of %s what to do: which form is right, or what to try', (_, { message }) => {
    expect(message).toMatch(
      /\b(is 1 to|must|Use|Send|Start|End|Stop|See|Wait|Try|Retry|Leave|correct|log says|are listed|says what|Sends go on)\b/,
    )
  })
})

describe('an API error', () => {
  it('has the status, the message and the fields of its code', () => {
    const error = new ApiError('producer_gap', { fields: { expected: 3 } })
    expect([error.status, error.message, error.detail.fields]).toEqual([
      409,
      ERRORS.producer_gap.message,
      { expected: 3 },
    ])
  })

  it('can say more precisely what is wrong, and keeps its cause', () => {
    const cause = new Error('the disk')
    const error = new ApiError('internal', { message: 'More.' }, { cause })
    expect([error.code, error.message, error.cause]).toEqual(['internal', 'More.', cause])
  })
})
