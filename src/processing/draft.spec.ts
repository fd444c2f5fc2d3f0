import type { StoredEntry, StreamHeader, DataEntry } from '#libs/engine'
import type { Outcome } from '#libs/processor'
import { lifeOf, sent } from '../../test/support/entries.js'
import { FedView } from '../../test/support/fed-view.js'
import { Draft } from './draft.js'

async function begun(): Promise<{ draft: Draft; header: StreamHeader; fed: FedView }> {
  const fed = await FedView.open()
  const { header } = fed.start('s')
  return { draft: new Draft(fed.view), header, fed }
}

const claim = { partition: 3, epoch: 7 }

const entry = (offset: number): StoredEntry<DataEntry> => ({ ...sent('s', [0]), offset, at: 100 + offset })

/** Of records that give one result each. */
const outcomes = (...lines: string[]): Outcome[] => lines.map((line) => ({ lines: [line], timer: undefined }))

describe('a draft', () => {
  it('is empty until something changes', async () => {
    const { draft, header } = await begun()
    draft.verdict(undefined, { code: 'stream_exists' })
    expect(draft.header('s')).toEqual(header)
    expect(draft.header('unknown')).toBeUndefined()
    expect(draft.empty).toBe(true)
    draft.verdict('t', { code: 'stream_exists' })
    expect(draft.empty).toBe(false)
    expect(draft.commit(claim, { n: 8, to: 9, at: 10 })).toEqual({
      partition: 3,
      epoch: 7,
      n: 8,
      to: 9,
      at: 10,
      streams: [],
      verdicts: [['t', { code: 'stream_exists' }]],
    })
  })

  it('shows its own changes, and what it has not changed as the view has it', async () => {
    const { draft, header } = await begun()
    draft.change({ ...header, activeAt: 5 })
    draft.remember(header, 'k', 'v')
    expect(draft.header('s')?.activeAt).toBe(5)
    expect(draft.remembered(header, 'k')).toBe('v')
    draft.remember(header, 'k', null)
    expect(draft.remembered(header, 'k')).toBeUndefined()
    draft.remove(header)
    expect(draft.header('s')).toBeUndefined()
    expect(draft.holds('s')).toBe(true)
    expect(draft.announces('s')).toBe(true)
  })

  it('numbers results behind the newest, and says how far each send is done', async () => {
    const { draft, header } = await begun()
    draft.records(entry(3), outcomes('a', 'b'), 0)
    draft.records(entry(4), outcomes('c'), 5)
    const [patch] = draft.commit(claim, { n: 1, to: 5, at: 104 }).streams
    expect(patch?.runs.map(({ first, lines }) => ({ first, lines }))).toEqual([{ first: 1, lines: ['a', 'b', 'c'] }])
    const lastInput = { offset: 4, records: 6 }
    expect(patch?.header).toEqual({ ...header, lastSeq: 3, lastInput, activeAt: 104 })
    expect(draft.chars).toBe(3)
  })

  it('cuts results into runs that a reader can take at once, one that is larger alone', async () => {
    const { draft } = await begun()
    const lines = [...Array.from({ length: 1_200 }, () => '1'), 'x'.repeat(70_000), '2', 'y'.repeat(65_535), '3']
    draft.records(entry(1), outcomes(...lines), 0)
    const runs = draft.commit(claim, { n: 1, to: 2, at: 101 }).streams[0]?.runs ?? []
    expect(runs.map((run) => run.lines.length)).toEqual([500, 500, 200, 1, 2, 1])
    expect(runs.map(({ first }) => first)).toEqual([1, 501, 1_001, 1_201, 1_202, 1_204])
    expect(runs.flatMap((run) => run.lines)).toEqual(lines)
  })

  it('tells of a new life which one it replaces', async () => {
    const { draft, header } = await begun()
    const fresh = { ...header, incarnation: lifeOf('s', 2) }
    draft.start(fresh, header)
    expect(draft.commit(claim, { n: 1, to: 1, at: 1 }).streams).toEqual([
      expect.objectContaining({
        incarnation: fresh.incarnation,
        event: 'started',
        replaces: header.incarnation,
        header: fresh,
      }),
    ])
  })

  it('has no results for a stream that is gone', async () => {
    const { draft, header } = await begun()
    draft.remove(header)
    draft.records(entry(1), outcomes('a'), 0)
    expect(draft.commit(claim, { n: 1, to: 2, at: 1 }).streams).toEqual([
      expect.objectContaining({ event: 'deleted', header: null, runs: [] }),
    ])
  })
})
