import { LogGap } from './broker.js'
import { PartitionRead, READ_AHEAD_BYTES } from './partition-read.js'

const record = (offset: number, value = `text ${offset}`, isControlRecord = false) => ({
  offset: String(offset),
  timestamp: '1700000000000',
  value: Buffer.from(value),
  isControlRecord,
})

const readFrom = (offset: number): PartitionRead => new PartitionRead('input', 'topic', 0, offset)

describe('a read of one partition', () => {
  it('leaves out what a batch has below the offset that is next', async () => {
    const read = readFrom(2)
    read.add([record(1), record(2), record(3)])
    read.add([record(3), record(4)])
    expect(await read.take()).toEqual(
      [2, 3, 4].map((offset) => ({ offset, at: 1_700_000_000_000, text: `text ${offset}` })),
    )
    expect(read.offset).toBe(5)
  })

  it('has no room while a full share is waiting, and has it again when that is taken', async () => {
    const read = readFrom(0)
    read.add([record(0, 'x'.repeat(READ_AHEAD_BYTES - 1))])
    expect(read.hasRoom).toBe(true)
    read.add([record(1, 'x')])
    expect(read.hasRoom).toBe(false)
    expect(await read.take()).toHaveLength(2)
    expect(read.hasRoom).toBe(true)
  })

  it('of what others write passes over gaps and the ends of transactions, also when nothing else comes', async () => {
    const read = new PartitionRead('done', 'topic', 0, 0)
    read.add([record(0), record(1, '', true)])
    expect(read.offset).toBe(2)
    read.add([record(4)])
    expect((await read.take())?.map(({ offset }) => offset)).toEqual([0, 4])
    expect(read.offset).toBe(5)
  })

  it('hands out what stands before a gap, then tells of it, and fetches no more', async () => {
    const read = readFrom(0)
    read.add([record(0), record(1, '', true), record(2)])
    expect(read.hasRoom).toBe(false)
    expect(await read.take()).toHaveLength(1)
    await expect(read.take()).rejects.toThrow(new LogGap('input', 0, 1, 'offset 2 came'))
  })

  it('ends at once, whatever is waiting', async () => {
    const read = readFrom(0)
    read.add([record(0)])
    read.end()
    expect(await read.take()).toBeUndefined()
    expect(read.hasRoom).toBe(false)
  })

  it('wakes who waits', async () => {
    const read = readFrom(0)
    const taken = read.take()
    read.add([record(0)])
    expect(await taken).toHaveLength(1)
    const end = read.take()
    read.end()
    expect(await end).toBeUndefined()
  })
})
