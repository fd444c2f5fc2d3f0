import { encodeFeedCursor, type FeedCursor } from '#libs/contract'
import { afterTests } from '../../test/support/clean-up.js'
import { FeedLogs, FeedReplica } from '../../test/support/feed-replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { LifecycleSource } from './lifecycle-source.js'

/** The feed of two partitions, told in turn in four commits, of which the oldest `trimmed` are gone. */
async function feedOf(trimmed: number): Promise<{ source: LifecycleSource; replica: FeedReplica; logs: FeedLogs }> {
  const logs = new FeedLogs(2)
  const replica = new FeedReplica(logs, await temporaryFolder())
  afterTests(() => replica.close())
  for (const partition of [0, 1, 0, 1]) logs.commit(partition, 1)
  replica.settleAll()
  replica.trim(trimmed + 1)
  return { source: new LifecycleSource(replica.view), replica, logs }
}

/** Where a reader stands that has seen the commits up to these positions. */
const behind = (...positions: readonly number[]): FeedCursor => positions.map((position) => (position + 1) * 65_536)

const told = (text = ''): string[] => [...text.matchAll(/"stream_id":"(...)"/g)].map(([, id = '']) => id)

describe('a page of the feed', () => {
  it('tells a reader whose place was trimmed so, and goes on with what is kept', async () => {
    const { source } = await feedOf(3)
    const text = source.page(behind(0, 0), Infinity)?.text
    const oldest = encodeFeedCursor([2 * 65_536 + 1, 65_536 + 1])
    const latest = encodeFeedCursor([3 * 65_536, 2 * 65_536 + 1])
    const data = JSON.stringify({ reason: 'trimmed', oldest, latest })
    expect(text?.startsWith(`event: reset\nid: ${oldest}\ndata: ${data}\n\n`)).toBe(true)
    expect(told(text)).toEqual(['1.1'])
  })

  it('moves it on in the partitions where something is gone, and in no other', async () => {
    const { source } = await feedOf(1)
    const text = source.page(behind(0, 1), Infinity)?.text
    expect(text).toContain(`event: reset\nid: ${encodeFeedCursor([65_537, 2 * 65_536])}\n`)
    expect(told(text)).toEqual(['0.1', '1.1'])
  })

  it('tells it also when nothing is kept behind its place', async () => {
    const { source, replica } = await feedOf(4)
    const page = source.page(behind(0, 0), Infinity)
    expect(page?.text).toMatch(/^event: reset\n[^\n]*\n[^\n]*\n\n$/)
    expect(source.page(page?.to ?? [], Infinity)).toEqual({ text: '', to: replica.view.lifecycle.latest })
  })

  it('says nothing of the kind to one whose place is kept', async () => {
    const { source } = await feedOf(2)
    const text = source.page(behind(1, 1), Infinity)?.text
    expect(text).not.toContain('reset')
    expect(told(text)).toEqual(['0.1', '1.1'])
  })

  it('says nothing of the kind where a partition was quiet for so long that a store made anew finds no event of it', async () => {
    const { source: before, replica, logs } = await feedOf(0)
    logs.commit(1, 0)
    replica.settleAll()
    logs.commit(0, 1)
    replica.settleAll()
    logs.trim(logs.now, [replica])
    const { latest } = replica.view.lifecycle
    expect(before.page(latest, Infinity)).toBeUndefined()
    await replica.rebuild()
    replica.settleAll()
    expect(new LifecycleSource(replica.view).page(latest, Infinity)?.text).toBe('')
  })

  it('gives each event the place of a reader that has read so far, and stops when it holds enough', async () => {
    const { source } = await feedOf(0)
    const ids: string[] = []
    let page = source.page(behind(0, 0), 1)
    for (; page?.text; page = source.page(page.to, 1)) ids.push(...(/(?<=id: ).*/.exec(page.text) ?? []))
    const places = [
      [65_537, 65_536],
      [65_537, 65_537],
      [131_073, 65_537],
      [131_073, 131_073],
    ]
    expect(ids).toEqual(places.map(encodeFeedCursor))
  })

  it('leads one who has seen all to where all stand who have', async () => {
    const { source, replica } = await feedOf(0)
    const { latest } = replica.view.lifecycle
    expect(source.page(behind(2, 2), Infinity)).toEqual({ text: '', to: latest })
    expect(source.page([...latest], Infinity)?.to).toBe(latest)
    expect(source.page(latest, Infinity)).toBeUndefined()
  })

  it('leads one who has seen more than can be read here yet nowhere, and repeats nothing to it later', async () => {
    const { source, replica, logs } = await feedOf(0)
    logs.commit(0, 2)
    replica.apply(0)
    const ahead = [3 * 65_536 + 1, 3 * 65_536]
    expect(source.page(ahead, Infinity)).toBeUndefined()
    replica.write()
    replica.settle()
    expect(told(source.page(ahead, Infinity)?.text)).toEqual(['0.3'])
  })
})
