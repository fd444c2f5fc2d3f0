import fc from 'fast-check'
import { announcedSeed } from '../../test/support/random.js'
import { charsOf, type Input, type RunLimits } from '#libs/processor'
import type { StreamWork } from '../processing/batch.js'
import { DEFAULT_STATE_LIMITS } from '#libs/processor'
import { decodeAnswer, type Answer } from './external-wire.js'
import { WorkOut } from './work-out.js'

const limits: RunLimits = { state: DEFAULT_STATE_LIMITS, results: 3, chars: 1_000, together: 2_000 }

/** Work of a stream: entries by offset, each from an index on. */
function workOf(stream: string, entries: readonly { offset: number; index?: number; values: readonly unknown[] }[]) {
  const inputs = entries.flatMap(({ offset, index = 0, values }) =>
    values.map((value, at): Input => ({
      kind: 'record',
      at: 1,
      text: JSON.stringify(value),
      offset,
      index: index + at,
    })),
  )
  return {
    stream,
    incarnation: '0123456789abcdef',
    settings: { processor: 'any', options: { by: 2 }, labels: {}, retentionMs: 1, idleTimeoutMs: 1 },
    options: { by: 2 },
    inputs,
    timer: undefined,
    stateVersion: undefined,
    state: { bytes: 0, get: () => undefined, keys: () => [] },
  } satisfies StreamWork
}

const answer = (offset: number, index: number, count: number, results: unknown): Answer => ({
  partition: 0,
  offset,
  index,
  count,
  results,
})

const outcomesOf = (out: WorkOut): unknown[][] =>
  out
    .outcomes()
    .map(({ outcomes }) =>
      outcomes
        .map(({ lines }) => lines.map((line) => JSON.parse(line) as { data?: unknown; code?: string }))
        .map((lines) => lines.map(({ data, code }) => code ?? data)),
    )

describe('work that is out', () => {
  it('is a message for each entry, and names what the answer has to name', () => {
    const out = new WorkOut(0, [workOf('s', [{ offset: 7, index: 2, values: [{ a: 1 }, 'b'] }])], limits)
    const [message, ...more] = out.messages()
    expect(more).toEqual([])
    expect(message?.key).toBe('s')
    expect(JSON.parse(message?.text ?? '')).toEqual({
      partition: 0,
      offset: 7,
      index: 2,
      count: 2,
      stream: 's',
      incarnation: '0123456789abcdef',
      processor: 'any',
      options: { by: 2 },
      at: 1,
      records: [{ a: 1 }, 'b'],
    })
  })

  it('is settled by none, one or many results for each record, or an error', () => {
    const out = new WorkOut(0, [workOf('s', [{ offset: 7, values: [1, 2, 3, 4] }])], limits)
    expect(out.take(answer(7, 0, 4, [[], ['x'], ['y', null], { code: 'bad_reading', message: 'no value' }]))).toBe(true)
    expect(out.isSettled()).toBe(true)
    expect(outcomesOf(out)).toEqual([[[], ['x'], ['y', null], ['bad_reading']]])
  })

  it('takes the first answer to a record, and no twin', () => {
    const out = new WorkOut(0, [workOf('s', [{ offset: 7, values: [1, 2] }])], limits)
    expect(out.take(answer(7, 0, 1, [['first']]))).toBe(true)
    expect(out.take(answer(7, 0, 1, [['twin']]))).toBe(false)
    expect(out.take(answer(7, 0, 2, [['twin'], ['second']]))).toBe(true)
    expect(outcomesOf(out)).toEqual([[['first'], ['second']]])
  })

  it('takes what another owner had cut otherwise, as far as it is about its own records', () => {
    const out = new WorkOut(0, [workOf('s', [{ offset: 7, index: 2, values: [2, 3] }])], limits)
    expect(out.take(answer(7, 0, 3, [['0'], ['1'], ['2']]))).toBe(true)
    expect(out.isSettled()).toBe(false)
    expect(out.take(answer(7, 3, 2, [['3'], ['4']]))).toBe(true)
    expect(outcomesOf(out)).toEqual([[['2'], ['3']]])
  })

  it.each([
    ['of another partition', { ...answer(7, 0, 1, [['x']]), partition: 1 }],
    ['of an entry that is not out', answer(8, 0, 1, [['x']])],
    ['of records that are not out', answer(7, 1, 1, [['x']])],
    ['of no record', answer(7, 0, 0, [])],
  ])('is not settled by an answer %s', (_, stray) => {
    const out = new WorkOut(0, [workOf('s', [{ offset: 7, values: [1] }])], limits)
    expect(out.take(stray)).toBe(false)
    expect(out.waitsFor).toBe(7)
  })

  it.each([
    ['too few results', 2, [['x']], ['answer_invalid', 'answer_invalid']],
    ['too many of them', 2, [['x'], ['y'], ['z']], ['answer_invalid', 'answer_invalid']],
    ['no list', 2, 'x', ['answer_invalid', 'answer_invalid']],
    ['a result without a list', 2, ['x', ['y']], ['answer_invalid', 'y']],
    ['an error with a code that is none', 2, [{ code: 'Not A Code', message: '' }, ['y']], ['answer_invalid', 'y']],
    ['an error without a message', 2, [{ code: 'a' }, ['y']], ['answer_invalid', 'y']],
    ['more results than a record may have', 2, [[1, 2, 3, 4], ['y']], ['too_many_results', 'y']],
    ['more than a commit holds', 2, [['x'.repeat(1_000)], ['y']], ['result_too_large', 'y']],
  ])('fails the record that was answered with %s, and no other', (_, count, results, expected) => {
    const out = new WorkOut(0, [workOf('s', [{ offset: 7, values: [1, 2] }])], limits)
    out.take(answer(7, 0, count, results))
    expect(outcomesOf(out).flat(2)).toEqual(expected)
  })

  it('holds a bounded share of what comes of it, whatever the order, and asks again for the rest until all is there', () => {
    const tight = { ...limits, chars: 100, together: 200 }
    const entry = fc.record({
      stream: fc.constantFrom('a', 'b', 'c'),
      sizes: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 6 }),
    })
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 8 }), fc.infiniteStream(fc.nat()), (entries, choices) => {
        const values = (offset: number): string[] =>
          (entries[offset]?.sizes ?? []).map((size, index) => `${offset}.${index}:${'x'.repeat(size)}`)
        const streams = [...new Set(entries.map(({ stream }) => stream))]
        let batch: StreamWork[] = streams.map((stream) =>
          workOf(
            stream,
            entries.flatMap((one, offset) => (one.stream === stream ? [{ offset, values: values(offset) }] : [])),
          ),
        )
        const results = new Map<string, unknown[]>(streams.map((stream) => [stream, []]))
        for (let rounds = 0; batch.length > 0; rounds++) {
          expect(rounds).toBeLessThan(100)
          const out = new WorkOut(0, batch, tight)
          // One answer a record, in any order, some twice.
          const answers = out.messages().flatMap(({ text }) => {
            const { offset, index, records } = JSON.parse(text) as { offset: number; index: number; records: unknown[] }
            return records.map((record, at) => answer(offset, index + at, 1, [[record]]))
          })
          while (answers.length > 0) {
            const at = choices.next().value % answers.length
            const [chosen] = choices.next().value % 4 === 0 ? answers.slice(at, at + 1) : answers.splice(at, 1)
            if (chosen !== undefined) out.take(chosen)
          }
          expect(out.isSettled()).toBe(true)
          const outcomes = out.outcomes()
          const held = outcomes.flatMap((of) => of.outcomes).reduce((sum, outcome) => sum + charsOf(outcome), 0)
          expect(held).toBeLessThanOrEqual(tight.together + tight.chars)
          expect(outcomes[0]?.outcomes).not.toEqual([])
          const left: StreamWork[] = []
          for (const [index, work] of batch.entries()) {
            const done = outcomes[index]?.outcomes ?? []
            for (const { lines } of done)
              for (const line of lines) results.get(work.stream)?.push((JSON.parse(line) as { data: unknown }).data)
            if (done.length < work.inputs.length) left.push({ ...work, inputs: work.inputs.slice(done.length) })
          }
          batch = left
        }
        for (const stream of streams)
          expect(results.get(stream)).toEqual(
            entries.flatMap((one, offset) => (one.stream === stream ? values(offset) : [])),
          )
      }),
      { seed: announcedSeed('work-out.spec') },
    )
  })
})

describe('an answer', () => {
  it.each([
    ['not JSON', '{'],
    ['no object', '[1]'],
    ['null', 'null'],
    ['without a partition', '{"offset":1,"index":0,"count":1,"results":[[]]}'],
    ['with an offset that is a text', '{"partition":0,"offset":"1","index":0,"count":1,"results":[[]]}'],
    ['with a negative index', '{"partition":0,"offset":1,"index":-1,"count":1,"results":[[]]}'],
    ['with a fraction for a count', '{"partition":0,"offset":1,"index":0,"count":1.5,"results":[[]]}'],
  ])('that is %s is none', (_, text) => {
    expect(decodeAnswer(text)).toBeUndefined()
  })

  it('is none, and no error, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => decodeAnswer(text)).not.toThrow()
      }),
      { seed: announcedSeed('work-out.spec') },
    )
  })
})
