import { Frames, type Frame } from './frames.js'

const frame = (to: number): Frame => ({ after: to - 1, to, text: Buffer.from(`${to}`), last: false })

/** A reader that keeps the numbers it has seen. */
function reader(frames: Frames, feed: string): { seen: number[]; leave: () => void } {
  const seen: number[] = []
  const subscription = frames.live(feed).subscribe(({ to }) => seen.push(to))
  return {
    seen,
    leave: () => {
      subscription.unsubscribe()
    },
  }
}

describe('frames', () => {
  it('reach every reader of their feed in the same tick, from its subscription on, and no other feed', () => {
    const frames = new Frames()
    const first = reader(frames, 'a')
    frames.emit('a', () => frame(1))
    const second = reader(frames, 'a')
    const other = reader(frames, 'b')
    frames.emit('a', () => frame(2))
    expect([first.seen, second.seen, other.seen]).toEqual([[1, 2], [2], []])
  })

  it('are encoded once, however many read them', () => {
    const frames = new Frames()
    const texts: Buffer[] = []
    for (let count = 0; count < 3; count++) frames.live('a').subscribe(({ text }) => texts.push(text))
    frames.emit('a', () => frame(1))
    expect(texts).toHaveLength(3)
    expect(new Set(texts).size).toBe(1)
  })

  it('are not even encoded when nobody reads, or nobody any more', () => {
    const frames = new Frames()
    const neverEncode = (): Frame => {
      throw new Error('encoded for nobody')
    }
    frames.emit('a', neverEncode)
    const [first, second] = [reader(frames, 'a'), reader(frames, 'a')]
    first.leave()
    frames.emit('a', () => frame(1))
    second.leave()
    frames.emit('a', neverEncode)
    expect([first.seen, second.seen]).toEqual([[], [1]])
  })

  it('reach those who come back after the last has left, and one who leaves while they are given out harms nobody', () => {
    const frames = new Frames()
    reader(frames, 'a').leave()
    const [first, second] = [reader(frames, 'a'), reader(frames, 'a')]
    const leaving = frames.live('a').subscribe(() => {
      first.leave()
    })
    frames.emit('a', () => frame(1))
    leaving.unsubscribe()
    frames.emit('a', () => frame(2))
    expect([first.seen, second.seen]).toEqual([[1], [1, 2]])
  })
})
