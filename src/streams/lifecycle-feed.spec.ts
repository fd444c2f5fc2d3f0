import fc from 'fast-check'
import { feedSchedules, type FeedStep } from '../../test/support/feed-schedules.js'
import { FeedWorld } from '../../test/support/feed-world.js'
import { announcedSeed } from '../../test/support/random.js'

describe('a reader of the feed of several partitions, whichever replicas it moves between', () => {
  const seed = announcedSeed('lifecycle-feed.spec')

  async function holds(check: (world: FeedWorld) => Promise<void>): Promise<void> {
    const live = async (schedule: readonly FeedStep[]): Promise<void> => {
      const world = await FeedWorld.open()
      try {
        await world.run(schedule)
        await check(world)
      } finally {
        await world.close()
      }
    }
    // To shrink a schedule takes longer than a test may: each opens stores.
    await fc.assert(fc.asyncProperty(feedSchedules, live), { seed, numRuns: 30, endOnFailure: true })
  }

  it('gets each event once, those of a partition in order, and is told of what was trimmed', () =>
    holds(async ({ logs, readers }) => {
      for (const reader of readers) {
        reader.leave(0)
        expect(reader.next).toEqual(logs.numbers.map(({ length }) => length))
      }
    }))

  it('shares the frames of all, wherever it came from, once it has seen all', () =>
    holds(async (world) => {
      const pages = world.readers.map((reader) => reader.pages)
      await world.tellLive()
      expect(world.readers.map((reader) => reader.pages)).toEqual(pages)
    }))
})
