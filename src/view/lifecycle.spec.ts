import { join } from 'node:path'
import type { Commit, StreamHeader } from '#libs/engine'
import { afterTests } from '../../test/support/clean-up.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { Store } from './store.js'
import { View } from './view.js'

async function emptyView(): Promise<View> {
  const store = new Store(join(await temporaryFolder(), 'store'))
  afterTests(() => store.close())
  return new View(store)
}

/** A commit that tells that streams have started. */
function commitOf(n: number, ...ids: readonly string[]): Commit {
  const streams = ids.map((id) => {
    const incarnation = n.toString(16).padStart(16, '0')
    const settings = { processor: 'identity', options: {}, idleTimeoutMs: 1000, retentionMs: 1000, labels: {} }
    const times = { startedAt: n, activeAt: n }
    const numbers = { lastSeq: 0, lastInput: { offset: n, records: 0 }, retries: { oldest: 0, next: 0 } }
    const header: StreamHeader = { id, incarnation, settings, status: 'open', ...times, ...numbers }
    return { id, incarnation, header, event: 'started' as const, runs: [], dedupe: [] }
  })
  return { partition: 0, epoch: 1, n, to: n, at: n, streams, verdicts: [] }
}

/** Whom the reader of the feed was told of, in order. */
function toldTo(view: View): string[] {
  const told: string[] = []
  view.liveLifecycle().subscribe(({ text }) => {
    told.push(String(/"stream_id":"([^"]*)"/.exec(text.toString())?.[1]))
  })
  return told
}

// After a crash the same input can make other commits, and events are numbered by commit: what was told must be there again.
it('the feed tells an event once its commit is on the disk, not before', async () => {
  const view = await emptyView()
  const told = toldTo(view)
  const commits = [commitOf(1, 'a', 'b'), commitOf(2, 'c')] as const
  commits.forEach((commit, index) => view.apply(commit, index + 1))
  expect([told, view.lifecycle.page(0, Infinity), view.lifecycle.latest]).toEqual([[], [], 0])
  view.store.transactNow(() => view.write(commits))
  expect([told, view.lifecycle.page(0, Infinity)]).toEqual([[], []])
  view.settle(commits[0])
  expect(told).toEqual(['a', 'b'])
  view.settle(commits[1])
  expect(told).toEqual(['a', 'b', 'c'])
  expect(view.lifecycle.page(0, Infinity).map(({ number }) => number)).toEqual([65_537, 65_538, 131_073])
})

it('frames of the feed continue each other, from the newest event that could be read before', async () => {
  const view = await emptyView()
  const frames: { after: number; to: number }[] = []
  view.liveLifecycle().subscribe(({ after, to }) => frames.push({ after, to }))
  const commits = [commitOf(1, 'a', 'b'), commitOf(2, 'c')] as const
  commits.forEach((commit, index) => view.apply(commit, index + 1))
  for (const commit of commits) view.settle(commit)
  expect(frames).toEqual([
    { after: 0, to: 65_537 },
    { after: 65_537, to: 65_538 },
    { after: 65_538, to: 131_073 },
  ])
})
