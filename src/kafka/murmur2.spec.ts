import { murmur2, partitionOf } from './murmur2.js'

describe('murmur2', () => {
  // Of Apache Kafka's own test, org.apache.kafka.common.utils.UtilsTest.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of %s is %d', (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash)
  })

  it('spreads streams over all partitions, evenly', () => {
    const counts = Array<number>(12).fill(0)
    for (let n = 0; n < 12_000; n++) {
      const partition = partitionOf(`stream-${n}`, 12)
      counts[partition] = (counts[partition] ?? 0) + 1
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150)
  })
})
