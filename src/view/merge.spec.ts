import type { Commit, StreamHeader, StreamPatch } from '#libs/engine'
import { lifeOf, settings } from '../../test/support/entries.js'
import { mergePatches, type MergedPatch } from './merge.js'

const headerOf = (life: number, lastSeq: number): StreamHeader => ({
  id: 's',
  incarnation: lifeOf('s', life),
  settings,
  status: 'open',
  lastSeq,
  lastInput: { offset: 0, records: 0 },
  retries: { oldest: 0, next: 0 },
  startedAt: 0,
  activeAt: 0,
})

const patch = (life: number, lastSeq: number, change: Partial<StreamPatch> = {}): StreamPatch => {
  const header = headerOf(life, lastSeq)
  return { id: 's', incarnation: header.incarnation, header, runs: [], dedupe: [], ...change }
}

const commits = (...patches: readonly StreamPatch[]): Commit[] =>
  patches.map((one, index) => ({
    partition: 0,
    epoch: 1,
    n: index,
    to: index,
    at: 10 + index,
    streams: [one],
    verdicts: [],
  }))

const merge = (...patches: readonly StreamPatch[]): MergedPatch[] => [...mergePatches(commits(...patches))]

describe('commits that become one transaction', () => {
  it('write the newest header once, the newest of what is remembered, and whether the stream began', () => {
    const begun = patch(1, 0, {
      event: 'started',
      replaces: 'former',
      dedupe: [
        ['k', 'old'],
        ['j', 'x'],
      ],
      letters: [
        ['h:1', 'old'],
        ['h:2', 'y'],
      ],
    })
    const later = patch(1, 2, { event: 'closing', dedupe: [['k', null]], letters: [['h:1', null]] })
    expect(merge(begun, later)).toEqual([
      expect.objectContaining({
        header: headerOf(1, 2),
        started: true,
        replaces: 'former',
        dedupe: new Map([
          ['k', null],
          ['j', 'x'],
        ]),
        letters: new Map([
          ['h:1', null],
          ['h:2', 'y'],
        ]),
      }),
    ])
  })

  it('join small runs of results in one row with the time of the newest', () => {
    const runs = [['a', 'b'], ['c'], ['d']].map((lines, index) =>
      patch(1, 0, { runs: [{ first: [1, 3, 4][index] ?? 0, lines }] }),
    )
    const [merged] = merge(...runs)
    expect(merged?.runs).toEqual([{ at: 12, first: 1, lines: ['a', 'b', 'c', 'd'], chars: 4 }])
  })

  it('keep rows within what a reader can take at once', () => {
    const half = { first: 1, lines: Array.from({ length: 300 }, () => '1') }
    const large = { first: 601, lines: ['x'.repeat(65_536)] }
    const sequence = [half, { ...half, first: 301 }, large, { first: 602, lines: ['2'] }]
    const [merged] = merge(...sequence.map((run) => patch(1, 0, { runs: [run] })))
    expect(merged?.runs.map(({ first, lines }) => [first, lines.length])).toEqual([
      [1, 300],
      [301, 300],
      [601, 1],
      [602, 1],
    ])
  })

  it('keep two lives of a stream apart, the older first', () => {
    const merged = merge(patch(1, 1), patch(1, 1, { header: null }), patch(2, 0, { event: 'started' }))
    expect(merged).toEqual([
      expect.objectContaining({ incarnation: lifeOf('s', 1), header: null }),
      expect.objectContaining({ incarnation: lifeOf('s', 2), header: headerOf(2, 0), started: true }),
    ])
  })
})
