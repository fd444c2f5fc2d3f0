import { encodeFeedCursor } from '#libs/contract'
import { afterTests } from '../../test/support/clean-up.js'
import { FeedLogs, FeedReplica } from '../../test/support/feed-replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { LifecycleOpenings, type FeedBeginning } from './lifecycle-opening.js'

const at = (...numbers: readonly number[]): string => encodeFeedCursor(numbers)

/** Where a reader with this cursor begins, on a replica that knows nothing yet of two partitions that tell of one event each. */
async function beginningAt(cursor: string): Promise<FeedBeginning> {
  const logs = new FeedLogs(2)
  const replica = new FeedReplica(logs, await temporaryFolder())
  afterTests(() => replica.close())
  for (const partition of [0, 1]) logs.commit(partition, 1)
  return new LifecycleOpenings(replica.engine, replica.view).find({ lastEventId: cursor, from: undefined })
}

describe('a cursor of the feed', () => {
  it('from a replica that was ahead of this one leads on from where its reader was', async () => {
    expect(await beginningAt(at(65_537, 65_537))).toEqual({ position: [65_537, 65_537] })
  })

  it.each([
    [3 * 65_536, 0],
    [0, 3 * 65_536],
  ])('that is ahead of the log of any partition leads to the oldest event: %d, %d', async (...numbers) => {
    expect(await beginningAt(at(...numbers))).toEqual({ position: [65_536, 65_536], reset: 'future' })
  })

  it('of another number of partitions is none', async () => {
    expect(await beginningAt(at(65_537))).toMatchObject({ reset: 'invalid' })
  })
})
