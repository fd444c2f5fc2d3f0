import { check } from './support/checker.js'
import { History } from './support/history.js'
import type { Outcome, StreamHistory } from './support/history.js'
import type { ViolationKind } from './support/violation.js'

const incarnation = '00000000000000aa'

interface Planted {
  readonly history: History
  readonly stream: StreamHistory
  /** Sends of one record each, by one client. */
  acked(...results: string[]): void
  send(results: readonly string[], outcome?: Exclude<Outcome, 'pending'>, client?: string): void
  reader(...events: (string | readonly [id: string, event: string, data: string])[]): void
}

function plant(): Planted {
  const history = new History()
  const stream = history.open('s', incarnation)
  stream.isEnded = true
  const send: Planted['send'] = (results, outcome = 'acked', client = 'c') => {
    history.settle(history.invoke(stream, client, results), outcome)
  }
  return {
    history,
    stream,
    send,
    acked: (...results) => {
      for (const each of results) send([each])
    },
    // Plain strings are results, numbered from 1.
    reader: (...events) => {
      const received = events.map((event, index) => {
        const [eventId, name, data] = typeof event === 'string' ? result(index + 1, event) : event
        return { id: eventId, event: name, data, connection: 1 }
      })
      stream.readers.push({ name: `reader ${stream.readers.length + 1}`, events: received })
    },
  }
}

const result = (seq: number, data: unknown, of = incarnation) =>
  [`${of}-${seq}`, 'message', JSON.stringify({ status: 'success', data })] as const
const end = [`${incarnation}-end`, 'end', '{"reason":"ended"}'] as const
const reset = [`${incarnation}-0`, 'reset', '{}'] as const

function kinds({ history }: Planted): ViolationKind[] {
  return [...new Set(check(history).map(({ kind }) => kind))].sort()
}

describe('the checker', () => {
  it('passes a run that kept every promise', () => {
    const run = plant()
    run.send(['a'])
    run.send(['b1', 'b2'], 'acked', 'd')
    run.send(['c'], 'refused')
    run.send(['d'], 'unknown')
    run.send(['e'], 'unknown')
    run.reader('a', 'b1', 'b2', 'd', end)
    run.reader('a', 'b1', 'b2', 'd', end)
    expect(check(run.history)).toEqual([])
  })

  it('passes sends of two clients in either order when neither was acked before the other began', () => {
    const run = plant()
    const early = run.history.invoke(run.stream, 'c', ['a'])
    const late = run.history.invoke(run.stream, 'd', ['b'])
    run.history.settle(late, 'acked')
    run.history.settle(early, 'acked')
    run.reader('b', 'a', end)
    expect(check(run.history)).toEqual([])
  })

  const planted: Record<string, [ViolationKind, (run: Planted) => void]> = {
    'an acked record that is not delivered': [
      'lost',
      (run) => {
        run.acked('a', 'b')
        run.reader('a', end)
      },
    ],
    'an acked record that is delivered twice': [
      'doubled',
      (run) => {
        run.acked('a', 'b')
        run.reader('a', 'b', 'a', end)
      },
    ],
    'an unknown record that is delivered twice': [
      'doubled',
      (run) => {
        run.send(['a'], 'unknown')
        run.reader('a', 'a', end)
      },
    ],
    'half of a send of several records': [
      'torn',
      (run) => {
        run.send(['a', 'b'], 'unknown')
        run.reader('a', end)
      },
    ],
    'a send of several records with another in its middle': [
      'torn',
      (run) => {
        run.send(['a', 'b'])
        run.send(['c'], 'unknown', 'd')
        run.reader('a', 'c', 'b', end)
      },
    ],
    'a client whose sends changed places': [
      'out-of-order',
      (run) => {
        run.send(['a'], 'unknown')
        run.send(['b'], 'unknown')
        run.reader('b', 'a', end)
      },
    ],
    'a send before one that was acked before it began': [
      'out-of-order',
      (run) => {
        run.send(['a'])
        run.send(['b'], 'acked', 'd')
        run.reader('b', 'a', end)
      },
    ],
    'a result of another stream': [
      'foreign',
      (run) => {
        const other = run.history.open('other', incarnation)
        run.history.settle(run.history.invoke(other, 'c', ['z']), 'unknown')
        run.acked('a')
        run.reader('a', 'z', end)
      },
    ],
    'a result that nobody sent': [
      'invented',
      (run) => {
        run.acked('a')
        run.reader('a', 'z', end)
      },
    ],
    'a refused record that is delivered': [
      'refused-delivered',
      (run) => {
        run.send(['a'], 'refused')
        run.reader('a', end)
      },
    ],
    'a skipped sequence number': [
      'skipped',
      (run) => {
        run.acked('a', 'b', 'c')
        run.reader('a', 'b', 'c', end)
        run.reader('a', result(3, 'c'), end)
      },
    ],
    'a reader that starts at 2': [
      'skipped',
      (run) => {
        run.acked('a', 'b')
        run.reader('a', 'b', end)
        run.reader(result(2, 'b'), end)
      },
    ],
    'a reader that is told the end too early': [
      'skipped',
      (run) => {
        run.acked('a', 'b')
        run.reader('a', 'b', end)
        run.reader('a', end)
      },
    ],
    'a repeated sequence number': [
      'repeated',
      (run) => {
        run.acked('a', 'b')
        run.reader('a', 'b', result(2, 'b'), end)
      },
    ],
    'a reader that goes back': [
      'repeated',
      (run) => {
        run.acked('a', 'b')
        run.reader('a', 'b', result(1, 'a'), result(2, 'b'), end)
      },
    ],
    'two readers that have different results': [
      'disagreement',
      (run) => {
        run.acked('a')
        run.send(['b'], 'unknown')
        run.send(['c'], 'unknown')
        run.reader('a', 'b', end)
        run.reader('a', 'c', end)
      },
    ],
    'a cursor of another incarnation': [
      'bad-cursor',
      (run) => {
        run.acked('a')
        run.reader('a', result(2, 'b', '00000000000000bb'), end)
      },
    ],
    'an end with another id': [
      'bad-cursor',
      (run) => {
        run.acked('a')
        run.reader('a', [`${incarnation}-1`, 'end', '{}'])
      },
    ],
    'an error result': [
      'error-result',
      (run) => {
        run.acked('a')
        run.reader('a', [`${incarnation}-2`, 'message', '{"status":"error"}'], end)
      },
    ],
    'a reset': [
      'unexpected-event',
      (run) => {
        run.acked('a')
        run.reader('a', reset, end)
      },
    ],
    'an end that nobody asked for': [
      'unexpected-event',
      (run) => {
        run.acked('a')
        run.stream.isEnded = false
        run.reader('a', end)
      },
    ],
    'a missing end': [
      'no-end',
      (run) => {
        run.acked('a')
        run.reader('a')
      },
    ],
    'a result after the end': [
      'after-end',
      (run) => {
        run.acked('a', 'b')
        run.reader('a', end, result(2, 'b'))
      },
    ],
    'a reply that no promise allows': [
      'anomaly',
      (run) => {
        run.acked('a')
        run.history.anomalies.push('500')
        run.reader('a', end)
      },
    ],
  }

  it.each(Object.entries(planted))('finds %s', (_, [expected, happen]) => {
    const run = plant()
    happen(run)
    expect(kinds(run)).toEqual([expected])
  })
})
