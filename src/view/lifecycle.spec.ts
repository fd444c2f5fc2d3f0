import { join } from 'node:path'
import { MAX_FEED_PARTITIONS, type FeedCursor } from '#libs/contract'
import { afterTests } from '../../test/support/clean-up.js'
import { FeedLogs, FeedReplica, feedEventOf } from '../../test/support/feed-replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { Store } from './store.js'
import { View } from './view.js'

/** A replica of two partitions; the logs hold what was not given to it yet. */
async function replicaOf(logs: FeedLogs): Promise<FeedReplica> {
  const replica = new FeedReplica(logs, await temporaryFolder())
  afterTests(() => replica.close())
  return replica
}

/** What can be read behind a cursor, as `partition.index`. */
function readOf({ view: { lifecycle } }: FeedReplica, after: FeedCursor = lifecycle.earliest): string[] {
  return [...lifecycle.read(after)].map(({ line }) => {
    const { partition, index } = feedEventOf(line)
    return `${partition}.${index}`
  })
}

/** Whom the readers of the feed are told of, in order. */
function toldBy({ view }: FeedReplica): string[] {
  const told: string[] = []
  view.liveLifecycle().subscribe(({ text }) => {
    told.push(String(/"stream_id":"([^"]*)"/.exec(text.toString())?.[1]))
  })
  return told
}

describe('the feed', () => {
  // After a crash the same input can make other commits, and events are numbered by commit: what was told must be there again.
  it('tells an event once its commit is on the disk, not before', async () => {
    const logs = new FeedLogs(2)
    const replica = await replicaOf(logs)
    const told = toldBy(replica)
    logs.commit(0, 2)
    logs.commit(1, 1)
    for (const partition of [0, 1]) replica.apply(partition)
    expect([told, readOf(replica)]).toEqual([[], []])
    replica.write()
    expect([told, readOf(replica)]).toEqual([[], []])
    replica.settle()
    expect([told, readOf(replica)]).toEqual([
      ['0.0', '0.1', '1.0'],
      ['0.0', '0.1', '1.0'],
    ])
  })

  it('goes on frame by frame from where those stand who have read all', async () => {
    const logs = new FeedLogs(2)
    const replica = await replicaOf(logs)
    const { lifecycle } = replica.view
    const frames: { after: FeedCursor; to: FeedCursor }[] = []
    const before = lifecycle.latest
    replica.view.liveLifecycle().subscribe(({ after, to }) => frames.push({ after, to }))
    logs.commit(1, 2)
    logs.commit(0, 1)
    for (const partition of [1, 0]) replica.apply(partition)
    replica.write()
    replica.settle()
    expect(frames.map(({ to }) => to)).toEqual([
      [65_536, 65_537],
      [65_536, 65_538],
      [65_537, 131_072],
    ])
    expect(frames.map(({ after }) => after).every((after, index) => after === (frames[index - 1]?.to ?? before))).toBe(
      true,
    )
    expect(lifecycle.latest).toBe(frames.at(-1)?.to)
  })

  it('is read oldest first, whichever partitions the events are of', async () => {
    const logs = new FeedLogs(2)
    const replica = await replicaOf(logs)
    for (const partition of [1, 0, 0, 1, 0]) logs.commit(partition, 1)
    replica.settleAll()
    expect(readOf(replica)).toEqual(['1.0', '0.0', '0.1', '1.1', '0.2'])
    expect(readOf(replica, [replica.view.lifecycle.latest[0] ?? 0, 0])).toEqual(['1.0', '1.1'])
  })

  it('is there again after a restart, with what was trimmed gone', async () => {
    const logs = new FeedLogs(2)
    const replica = await replicaOf(logs)
    for (const partition of [0, 1, 0]) logs.commit(partition, 1)
    replica.settleAll()
    replica.trim(2)
    await replica.restart()
    expect(readOf(replica)).toEqual(['1.0', '0.1'])
    expect(replica.view.lifecycle.earliest).toEqual([65_537, 65_536])
  })

  it('of a store made anew goes back to where the logs begin, also after the next restart', async () => {
    const logs = new FeedLogs(2)
    const replica = await replicaOf(logs)
    for (const partition of [0, 0, 1]) logs.commit(partition, 1)
    replica.settleAll()
    logs.trim(2, [replica])
    await replica.rebuild()
    for (let restarts = 0; restarts < 2; restarts++) {
      replica.settleAll()
      expect(readOf(replica)).toEqual(['0.1', '1.0'])
      expect(replica.view.lifecycle.earliest).toEqual([131_072, 65_536])
      await replica.restart()
    }
  })

  it('is refused to more partitions than a cursor can hold', async () => {
    const store = new Store(join(await temporaryFolder(), 'store'))
    afterTests(() => store.close())
    expect(() => new View(store, MAX_FEED_PARTITIONS + 1)).toThrow(RangeError)
    expect(() => new View(store, MAX_FEED_PARTITIONS)).not.toThrow()
  })
})
