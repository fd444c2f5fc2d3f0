import fc from 'fast-check'
import { errorResult, successResult } from '#libs/contract'
import { announcedSeed } from '../../test/support/random.js'
import type { InputRecord, RecordProcessor, Results, StreamContext } from './processor.js'
import { run, type Input, type Outcome, type RunLimits } from './run.js'
import { DEFAULT_STATE_LIMITS } from './state.js'
import { Trial } from './trial.js'

const LIMITS: RunLimits = { state: DEFAULT_STATE_LIMITS, results: 10, chars: 1_000 }

/** The results of records that `processor` is given all at once, or one after the other. */
function linesOf(processor: RecordProcessor, values: readonly unknown[]): (readonly string[])[] {
  return outcomesOf(
    processor,
    values.map((value) => ({ kind: 'record', at: 1, text: JSON.stringify(value) })),
  ).map(({ lines }) => lines)
}

function outcomesOf(processor: RecordProcessor, inputs: readonly Input[], stateVersion?: number): Outcome[] {
  const state = { get: () => undefined, keys: () => [], bytes: 0 }
  return run(processor, 2, { stream: 's', options: {}, inputs, timer: undefined, state, stateVersion }, LIMITS)
}

/** Gives as many results as a record says; a negative number throws, after it has given and remembered something. */
class Counting implements RecordProcessor<number> {
  *process({ value }: InputRecord<number>, { state }: StreamContext): Results {
    const sum = (state.get<number>('sum') ?? 0) + value
    state.set('sum', sum)
    if (value < 0) {
      yield 'lost'
      throw new Error('negative')
    }
    for (let n = 1; n <= value; n++) yield `${sum}.${n}`
  }
}

/** The same, in batches; it fails as a whole where one record does. */
class CountingInBatches extends Counting {
  *processBatch(records: readonly InputRecord<number>[], stream: StreamContext): Iterable<Results> {
    for (const record of records) yield [...this.process(record, stream)]
  }
}

describe('a processor that runs', () => {
  const counts = fc.array(fc.integer({ min: -2, max: 5 }), { maxLength: 30 })

  it('gives none, one or many results for each record; one that throws is an error, and leaves no trace in the state', () => {
    fc.assert(
      fc.property(counts, (values) => {
        let sum = 0
        const expected = values.map((value) => {
          if (value < 0) return [errorResult('processor_failed')]
          sum += value
          return Array.from({ length: value }, (_, index) => successResult(`${sum}.${index + 1}`))
        })
        expect(linesOf(new Counting(), values)).toEqual(expected)
      }),
      { seed: announcedSeed('run.spec') },
    )
  })

  it('gives the same by its batch form, also where a record of the batch fails', () => {
    fc.assert(
      fc.property(counts, (values) => {
        const inputs = values.map((value): Input => ({ kind: 'record', at: 1, text: `${value}` }))
        expect(outcomesOf(new CountingInBatches(), inputs)).toEqual(outcomesOf(new Counting(), inputs))
      }),
      { seed: announcedSeed('run.spec, batches') },
    )
  })

  it('cannot change the state in a batch form that is no generator: no record would it count with', () => {
    const processor: RecordProcessor = {
      process: () => ['alone'],
      processBatch: (records, { state }) => {
        state.set('k', 1)
        return records.map(() => ['together'])
      },
    }
    expect(linesOf(processor, [1, 2])).toEqual([[successResult('alone')], [successResult('alone')]])
  })

  it.each([
    ['more results than there may be', () => Array.from({ length: 11 }, (_, n) => n), 'too_many_results'],
    ['results that are too large together', () => ['x'.repeat(500), 'y'.repeat(500)], 'result_too_large'],
    ['a result that JSON does not have', () => [1n], 'processor_failed'],
    ['results without end', endless, 'too_many_results'],
    ['nothing that could be asked for results', () => 5 as unknown as Results, 'processor_failed'],
  ] as const)('gives one error for %s', (_what, process, code) => {
    expect(linesOf({ process }, [1, 2])).toEqual([[errorResult(code)], [errorResult(code)]])
  })

  it('gives an error for a record with which it would remember too much', () => {
    const processor: RecordProcessor = {
      process: ({ value }, { state }) => {
        state.set(String(value), 'x'.repeat(Number(value)))
        return [value]
      },
    }
    const [fits, fails] = linesOf(processor, [1_000, 65 * 1024])
    expect([fits, fails]).toEqual([[successResult(1_000)], [errorResult('state_too_large')]])
  })
})

describe('a timer', () => {
  /** Collects records, and gives them when 10 ms have passed since the first. */
  class Collecting implements RecordProcessor<string> {
    process({ value, at }: InputRecord<string>, stream: StreamContext): Results {
      const { state } = stream
      state.set('all', [...(state.get<string[]>('all') ?? []), value])
      stream.timer ??= at + 10
      if (value === 'bad') throw new Error('bad')
      return []
    }

    onTimer(at: number, { state }: StreamContext): Results {
      const all = state.get<string[]>('all')
      state.delete('all')
      return [{ at, all }]
    }

    onEnd(at: number, stream: StreamContext): Results {
      return stream.timer === undefined ? [] : this.onTimer(at, stream)
    }
  }

  it('calls the processor when time has passed and no record came', () => {
    const trial = new Trial(new Collecting())
    expect(trial.send(['a', 'b'], 100)).toEqual([])
    expect(trial.passTime(109)).toEqual([])
    expect(trial.passTime(200)).toEqual([{ data: { at: 110, all: ['a', 'b'] } }])
    expect(trial.passTime(1_000)).toEqual([])
  })

  it('calls it before the first record behind that time', () => {
    const trial = new Trial(new Collecting())
    trial.send(['a'], 100)
    expect(trial.send(['b'], 115)).toEqual([{ data: { at: 115, all: ['a'] } }])
    expect(trial.timer).toBe(125)
    expect(trial.end(120)).toEqual([{ data: { at: 120, all: ['b'] } }])
  })

  it('stands though the record that comes with it fails', () => {
    const trial = new Trial(new Collecting())
    trial.send(['a'], 100)
    expect(trial.send(['bad'], 130)).toEqual([{ data: { at: 130, all: ['a'] } }, { error: 'processor_failed' }])
    expect(trial.timer).toBeUndefined()
  })

  it('that is due at once is called a moment later, not for ever', () => {
    const again: RecordProcessor = {
      process: (_record, stream) => {
        stream.timer = 0
        return []
      },
      onTimer: (at, stream) => {
        stream.timer = at
        return [at]
      },
    }
    const trial = new Trial(again)
    trial.send([1], 100)
    expect(trial.passTime(103)).toEqual([{ data: 101 }, { data: 102 }, { data: 103 }])
  })

  it.each([NaN, -Infinity, -1, 8.64e15 + 1, '5', null])(
    'that is no time (%p) is an error of the record that set it',
    (time) => {
      const wrong: RecordProcessor = {
        process: ({ value }, stream) => {
          stream.timer = value === 'wrong' ? (time as number) : 500
          return [value]
        },
      }
      const trial = new Trial(wrong)
      expect(trial.send(['right', 'wrong'], 1)).toEqual([{ data: 'right' }, { error: 'processor_failed' }])
      expect(trial.timer).toBe(500)
    },
  )

  it('that fails gives an error and is over', () => {
    const failing: RecordProcessor = {
      process: ({ at }, stream) => {
        stream.timer ??= at + 1
        return ['taken']
      },
      onTimer: () => {
        throw new Error('at the wrong time')
      },
    }
    const trial = new Trial(failing)
    expect(trial.send([1], 1)).toEqual([{ data: 'taken' }])
    expect(trial.send([2], 5)).toEqual([{ error: 'processor_failed' }, { data: 'taken' }])
    expect(trial.timer).toBe(6)
  })
})

describe('a trial', () => {
  it('shows what was thrown for each error among the results, and keeps it out of them', () => {
    const secret = new TypeError('a secret')
    const failing: RecordProcessor = {
      process: ({ value }, stream) => {
        if (value === 'throw') throw secret
        if (value === 'time') stream.timer = NaN
        return [value]
      },
      onEnd: () => [1n],
    }
    const trial = new Trial(failing)
    const failed = { error: 'processor_failed' }
    expect(trial.send(['throw', 'fine', 'time'])).toEqual([failed, { data: 'fine' }, failed])
    expect(trial.end()).toEqual([failed])
    expect(trial.thrown[0]).toBe(secret)
    expect(trial.thrown.slice(1).map(String)).toEqual([
      'TypeError: A timer is a time in ms since 1970, or undefined for none.',
      'TypeError: Do not know how to serialize a BigInt',
    ])
    expect(trial.restart(failing).thrown).toEqual([])
  })
})

describe('state of an older version of the processor', () => {
  const upgrading = (upgrade: RecordProcessor['upgrade']): RecordProcessor => ({
    process: (_record, { state }) => [state.get('version') ?? null],
    ...(upgrade && { upgrade }),
  })
  const inputs: Input[] = [1, 2].map((at) => ({ kind: 'record', at, text: '0' }))

  it('is brought up before the first record', () => {
    const processor = upgrading((from, state) => {
      state.set('version', from + 1)
    })
    const outcomes = outcomesOf(processor, inputs, 1)
    expect(outcomes.map(({ lines }) => lines)).toEqual([[successResult(2)], [successResult(2)]])
    expect(outcomes[0]?.state).toEqual({ changes: [['version', '2']], bytes: 8, version: 2 })
    expect(outcomes[1]?.state).toBeUndefined()
  })

  it('that cannot be brought up fails each record, until it can', () => {
    const failing = upgrading(() => {
      throw new Error('cannot')
    })
    const failed = [errorResult('processor_failed')]
    expect(outcomesOf(failing, inputs, 1).map(({ lines }) => lines)).toEqual([failed, failed])
  })
})

function* endless(): Results {
  for (;;) yield 0
}
