import { Lane } from './lane.js'

/** A lane whose writes the test lets pass one by one. */
function heldLane(restMs?: number): { lane: Lane<number>; batches: number[][]; pass: () => void } {
  const batches: number[][] = []
  const held: (() => void)[] = []
  const write = async (batch: readonly number[]): Promise<void> => {
    batches.push([...batch])
    await new Promise<void>((resolve) => held.push(resolve))
  }
  return { lane: new Lane(write, restMs === undefined ? undefined : { restMs }), batches, pass: () => held.shift()?.() }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a lane', () => {
  it('writes together what comes in one turn, and lets a single item wait for nobody', async () => {
    const { lane, batches } = heldLane()
    for (const item of [1, 2, 3]) lane.add(item)
    await turn()
    expect(batches).toEqual([[1, 2, 3]])
  })

  it('gathers what comes while it writes, in order, and never writes two batches at once', async () => {
    const { lane, batches, pass } = heldLane()
    lane.add(1)
    await turn()
    lane.add(2)
    await turn()
    lane.add(3)
    await turn()
    expect(batches).toEqual([[1]])
    pass()
    await turn()
    expect(batches).toEqual([[1], [2, 3]])
  })

  it('is idle when all that was added is written, and works on after that', async () => {
    const { lane, batches, pass } = heldLane()
    await lane.idle()
    for (const item of [1, 2]) {
      lane.add(item)
      let idle = false
      const done = lane.idle().then(() => (idle = true))
      await turn()
      expect(idle).toBe(false)
      pass()
      await done
    }
    expect(batches).toEqual([[1], [2]])
  })

  it('rests behind a batch, so that the next is larger', async () => {
    const written: (readonly number[])[] = []
    const second = new Promise<void>((resolve) => {
      const write = async (batch: readonly number[]): Promise<void> => {
        if (written.push(batch) === 2) resolve()
      }
      const lane = new Lane(write, { restMs: 20 })
      lane.add(1)
      setImmediate(() => {
        lane.add(2)
        setImmediate(() => {
          lane.add(3)
        })
      })
    })
    await second
    expect(written).toEqual([[1], [2, 3]])
  })

  it('does not rest while someone waits for it', async () => {
    const { lane, batches, pass } = heldLane(60_000)
    lane.add(1)
    await turn()
    pass()
    await turn()
    lane.add(2)
    const idle = lane.idle()
    await turn()
    lane.add(3)
    pass()
    await turn()
    pass()
    await idle
    expect(batches).toEqual([[1], [2], [3]])
  })

  it('does not rest for something urgent, whenever that comes', async () => {
    const { lane, batches, pass } = heldLane(60_000)
    lane.add(1)
    await turn()
    lane.add(2, true)
    pass()
    await turn()
    expect(batches).toEqual([[1], [2]])
    pass()
    await turn()
    lane.add(3)
    await turn()
    expect(batches).toEqual([[1], [2]])
    lane.add(4, true)
    await turn()
    expect(batches).toEqual([[1], [2], [3, 4]])
  })

  it('says when the batch that is being written was, and nothing of one that forms', async () => {
    const { lane, pass } = heldLane()
    await lane.written()
    lane.add(1)
    await turn()
    lane.add(2)
    let written = false
    const done = lane.written().then(() => (written = true))
    await turn()
    expect(written).toBe(false)
    pass()
    await done
  })
})
