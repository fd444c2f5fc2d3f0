import { check } from '../support/checker.js'
import { History } from '../support/history.js'
import type { StreamHistory } from '../support/history.js'
import { count } from './counts.js'

interface Run {
  readonly history: History
  readonly stream: StreamHistory
}

/** One client that was acked `sent`, and a reader that got `got` and then the end. */
function run(sent: readonly string[], got: readonly string[]): Run {
  const history = new History()
  const stream = history.open('s', '00000000000000aa')
  stream.isEnded = true
  for (const each of sent) history.settle(history.invoke(stream, 'c', [each]), 'acked')
  const results = got.map((data, index) => ({
    id: `${stream.incarnation}-${index + 1}`,
    event: 'message',
    data: JSON.stringify({ status: 'success', data }),
    connection: 1,
  }))
  const end = { id: `${stream.incarnation}-end`, event: 'end', data: '{}', connection: 1 }
  stream.readers.push({ name: 'r', events: [...results, end], receivedAt: results.map((_, index) => index * index) })
  return { history, stream }
}

const counted = ({ history }: Run): Record<string, number> => ({ ...count(history, check(history)) })
const kept = { lost: 0, duplicated: 0, outOfOrder: 0, other: 0 }

describe('the counts of a run', () => {
  it('are zero where every promise was kept', () => {
    expect(counted(run(['a', 'b'], ['a', 'b']))).toMatchObject({ ...kept, acked: 2, refused: 0, unknown: 0 })
  })

  it('tell what was lost, doubled, out of order and anything else', () => {
    expect(counted(run(['a', 'b'], ['a']))).toMatchObject({ ...kept, lost: 1 })
    expect(counted(run(['a', 'b'], ['a', 'b', 'a']))).toMatchObject({ ...kept, duplicated: 1 })
    expect(counted(run(['a', 'b'], ['b', 'a'])).outOfOrder).toBeGreaterThan(0)
    const strange = run(['a'], ['a'])
    strange.history.anomalies.push('500')
    expect(counted(strange)).toMatchObject({ ...kept, other: 1 })
  })

  it('tell the longest time without a result, whichever reader got it first', () => {
    const late = run(['a', 'b', 'c', 'd'], ['a', 'b', 'c', 'd'])
    expect(counted(late).deliveryGapMs).toBe(5)
    const [reader] = late.stream.readers
    if (reader) late.stream.readers.push({ ...reader, name: 'other', receivedAt: [0, 1, 2, 3] })
    expect(counted(late).deliveryGapMs).toBe(1)
  })
})
