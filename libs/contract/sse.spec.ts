import { createParser, type EventSourceMessage } from 'eventsource-parser'
import fc from 'fast-check'
import { decodeCursor, encodeCursor } from './cursor.js'
import { errorResult, successResult } from './results.js'
import { HEARTBEAT, encodeEnd, encodeEvent, encodeOpening, encodeResults } from './sse.js'

const incarnations = fc.stringMatching(/^[0-9a-f]{16}$/)

interface Seen {
  readonly events: EventSourceMessage[]
  readonly retries: number[]
  readonly comments: string[]
  readonly errors: unknown[]
}

/** What a client makes of the text. */
function parse(text: string): Seen {
  const seen: Seen = { events: [], retries: [], comments: [], errors: [] }
  const parser = createParser({
    onEvent: (event) => seen.events.push(event),
    onRetry: (ms) => seen.retries.push(ms),
    onComment: (comment) => seen.comments.push(comment),
    onError: (error) => seen.errors.push(error),
  })
  parser.feed(text)
  return seen
}

describe('the text of results', () => {
  it('is one event a result, its cursor as id, its value as it was, whatever the value holds', () => {
    const values = fc.array(fc.jsonValue({ stringUnit: 'binary' }), { maxLength: 5 })
    fc.assert(
      fc.property(incarnations, fc.integer({ min: 1, max: 1_000_000 }), values, (incarnation, first, results) => {
        const { events, errors } = parse(encodeResults(incarnation, first, results.map(successResult)))
        expect(errors).toEqual([])
        expect(events.map(({ id }) => decodeCursor(id ?? ''))).toEqual(
          results.map((_, index) => ({ incarnation, seq: first + index })),
        )
        expect(events.map(({ data }) => JSON.parse(data) as unknown)).toEqual(
          results.map((data) => ({ status: 'success', data: JSON.parse(JSON.stringify(data)) as unknown })),
        )
        expect(events.every(({ event }) => event === undefined)).toBe(true)
      }),
    )
  })

  it.each(['\r', '\n', '\r\n', '\u2028', '\u2029', '\0', '\ufeff', '\n\nevent: end\ndata: {}\n\n', 'id: x\n'])(
    'cannot be broken out of by a record that holds %j',
    (data) => {
      const { events } = parse(encodeResults('0123456789abcdef', 7, [successResult(data)]))
      expect(events).toEqual([
        { id: '0123456789abcdef-7', event: undefined, data: JSON.stringify({ status: 'success', data }) },
      ])
    },
  )

  it('has null for a result that is nothing, and says why for one that failed', () => {
    expect(JSON.parse(successResult(undefined))).toEqual({ status: 'success', data: null })
    expect(JSON.parse(errorResult('processor_failed'))).toEqual({
      status: 'error',
      code: 'processor_failed',
      message: 'The processor failed on this record.',
    })
  })
})

describe('the first block', () => {
  it('sets the time to reconnect and the position, and is no event', () => {
    const { events, retries, errors } = parse(encodeOpening(1_500, '0123456789abcdef-3'))
    expect({ events, retries, errors }).toEqual({ events: [], retries: [1_500], errors: [] })
    expect(encodeOpening(1_500, '0123456789abcdef-3')).toContain('\nid: 0123456789abcdef-3\n\n')
  })
})

describe('a named event', () => {
  it('has its name, its id and its data', () => {
    const names = fc.constantFrom('reset', 'end', 'timeout')
    fc.assert(
      fc.property(incarnations, names, fc.jsonValue(), (incarnation, name, data) => {
        const id = encodeCursor(incarnation, 5)
        const { events } = parse(encodeEvent({ id, name, data }))
        expect(events).toEqual([{ id, event: name, data: JSON.stringify(data) }])
      }),
    )
  })

  it('of the end brings the position that nothing comes after', () => {
    const { events } = parse(encodeEnd('0123456789abcdef', 'timeout', 'timeout'))
    expect(events).toEqual([{ id: '0123456789abcdef-end', event: 'timeout', data: '{"reason":"timeout"}' }])
  })
})

describe('a heartbeat', () => {
  it('is a comment: no event, and between events it changes none', () => {
    const results = encodeResults('0123456789abcdef', 1, [successResult('a'), successResult('b')])
    const [first = '', second = ''] = results.split(/(?<=\n\n)/)
    const { events, comments } = parse(first + HEARTBEAT + second + HEARTBEAT)
    expect(events).toEqual(parse(results).events)
    expect(comments).toHaveLength(2)
  })
})
