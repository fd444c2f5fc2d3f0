import fc from 'fast-check'
import { Subject } from 'rxjs'
import type { Frame } from '../view/frames.js'
import { FedView } from '../../test/support/fed-view.js'
import { announcedSeed } from '../../test/support/random.js'
import { schedules } from '../../test/support/reader-schedules.js'
import { follow, World, type Reader } from '../../test/support/reader-world.js'
import { SlowSocket } from '../../test/support/slow-socket.js'
import { Subscriber } from './subscriber.js'

describe('a reader, whatever the order of commits, trims, ends and of its own reading', () => {
  let fed: FedView
  const seed = announcedSeed('subscriber.spec')

  beforeAll(async () => {
    fed = await FedView.open()
  })

  const holds = (check: (reader: Reader) => void): Promise<void> =>
    fc.assert(
      fc.asyncProperty(schedules, async (schedule) => {
        const world = new World(fed)
        await world.run(schedule)
        for (const reader of world.readers) check(reader)
      }),
      { seed, numRuns: 150 },
    )

  it('gets each result once, in order, told of every gap, up to the newest one and the end', () =>
    holds((reader) => {
      const { life, left, ends } = reader
      const { position, end } = follow(reader, fed.trimmedTo(life))
      if (left) return
      const isOver = life.state !== 'open'
      const isGone = life.replaced || life.state === 'deleted'
      if (!isGone) expect(position).toBe(life.lines.length)
      expect(ends).toBe(isOver ? 1 : 0)
      if (!life.replaced) expect(end).toBe(isOver)
    }))

  it('never has more unsent than its budget when something is written to it', () =>
    holds(({ socket, mostUnsent }) => {
      expect(socket.unsentAtWrite).toBeLessThanOrEqual(mostUnsent)
    }))

  it('listens once while it waits for more, and not at all when it has left or its stream is over', () =>
    holds(({ life, left, subscriptions }) => {
      expect(subscriptions).toBe(left || life.state !== 'open' ? 0 : 1)
    }))
})

it('a live reader gets a sign of life at every heartbeat, however soon behind a result, and none on top of what is unsent', () => {
  const live = new Subject<Frame>()
  const socket = new SlowSocket(100_000)
  const source = { page: () => undefined, closing: () => undefined, live }
  const subscriber = new Subscriber(source, 0, socket, 1_000, () => undefined)
  subscriber.start('')
  live.next({ after: 0, to: 1, text: Buffer.from('result'), last: false })
  subscriber.heartbeat()
  expect(socket.text).toBe('result')
  socket.drain(100)
  subscriber.heartbeat()
  expect(socket.text).toBe('result:\n\n')
})
