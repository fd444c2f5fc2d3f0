import { Kafka, logLevel, Partitioners } from 'kafkajs'

import { LogGap, type StoredMessage } from '../../src/kafka/broker.js'
import type { KafkajsBroker } from '../../src/kafka/kafkajs-broker.js'
import { afterTests } from '../support/clean-up.js'
import { describeOnKafka } from '../support/describe-on-kafka.js'
import { kafkaBrokers } from '../support/kafka-brokers.js'
import { extentsOf, openBroker, take, topicNeeds } from '../support/kafkajs-broker.js'
import { until } from '../support/until.js'

const brokers = kafkaBrokers()

describeOnKafka('the logs on a cluster of three brokers', () => {
  const needs = topicNeeds({ partitions: 12, isExternal: true })
  const topic = `${needs.prefix}.input`
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
  const reading = new AbortController()
  let broker: KafkajsBroker

  beforeAll(async () => {
    broker = await openBroker(needs)
    afterTests(() => reading.abort())
  }, 60_000)

  const append = (partition: number, ...texts: readonly string[]): Promise<number> =>
    broker.append(
      'input',
      partition,
      texts.map((text) => ({ key: 'k', text })),
    )

  const read = (partition: number, from: number, signal = reading.signal): AsyncIterator<readonly StoredMessage[]> =>
    broker.read('input', partition, from, signal)[Symbol.asyncIterator]()

  it('hands out what was appended, in order and at the offsets that were named', async () => {
    const expected: { offset: number; text: string }[] = []
    for (let batch = 0; batch < 50; batch++) {
      const texts = [`${batch}a`, `${batch}ü`, `${batch}c`]
      const first = await append(0, ...texts)
      texts.forEach((text, index) => expected.push({ offset: first + index, text }))
    }
    const messages = await take(read(0, 0), expected.length)
    expect(messages.map(({ offset, text }) => ({ offset, text }))).toEqual(expected)
    expect(messages.map(({ offset }) => offset)).toEqual(expected.map((_, index) => index))
  })

  it('keeps the two logs apart', async () => {
    const [input, commits] = await Promise.all([
      append(1, 'in'),
      broker.append('commits', 1, [{ key: 'k', text: 'out' }]),
    ])
    expect([input, commits]).toEqual([0, 0])
    const [message] = await take(broker.read('commits', 1, 0, reading.signal)[Symbol.asyncIterator](), 1)
    expect(message?.text).toBe('out')
  })

  it('hands a message out while its reader waits at the end', async () => {
    const batches = read(2, 0)
    const next = take(batches, 1)
    await append(2, 'late')
    expect(await next).toMatchObject([{ offset: 0, text: 'late' }])
  })

  it('takes the time from the broker, whatever the sender says', async () => {
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    afterTests(() => producer.disconnect())
    await producer.connect()
    const before = Date.now()
    await producer.send({ topic, messages: [{ partition: 3, value: 'old', timestamp: '1000' }] })
    const after = Date.now()
    const [message] = await take(read(3, 0), 1)
    expect(message?.at).toBeGreaterThanOrEqual(before)
    expect(message?.at).toBeLessThanOrEqual(after)
  })

  it('begins in the middle of a batch', async () => {
    await append(4, 'a', 'b', 'c', 'd')
    const messages = await take(read(4, 2), 2)
    expect(messages.map(({ offset, text }) => `${offset}${text}`)).toEqual(['2c', '3d'])
  })

  it('serves partitions side by side, though nobody takes what one of them has, and fetches a part of that ahead', async () => {
    const count = 16
    const text = 'x'.repeat(256 * 1024)
    const partitions = [5, 6, 7]
    for (const partition of partitions) for (let index = 0; index < count; index++) await append(partition, text)
    const [slow, ...quick] = partitions.map((partition) => read(partition, 0))
    const first = await slow?.next()
    for (const batches of quick) expect(await take(batches, count)).toHaveLength(count)
    // What is appended now comes as well.
    for (const [index, batches] of quick.entries()) {
      const next = take(batches, 1)
      await append(partitions[index + 1] ?? -1, 'live')
      expect(await next).toMatchObject([{ offset: count, text: 'live' }])
    }
    // What is trimmed now and was not fetched before is missed.
    await broker.trim('input', 5, count)
    const taken = [...(first?.done === false ? first.value : [])]
    const takeRest = async (): Promise<void> => {
      for (;;) taken.push(...(slow === undefined ? [] : await take(slow, 1)))
    }
    await expect(takeRest()).rejects.toThrow(LogGap)
    expect(taken.map(({ offset }) => offset)).toEqual(taken.map((_, index) => index))
    expect(taken.length).toBeLessThan(count)
  })

  it('serves two readers of one partition', async () => {
    await append(8, 'a', 'b', 'c')
    const [early, late] = [read(8, 0), read(8, 2)]
    const texts = async (batches: AsyncIterator<readonly StoredMessage[]>, count: number): Promise<string> =>
      (await take(batches, count)).map(({ text }) => text).join('')
    expect(await Promise.all([texts(early, 3), texts(late, 1)])).toEqual(['abc', 'c'])
    const next = Promise.all([texts(early, 1), texts(late, 1)])
    await append(8, 'd')
    expect(await next).toEqual(['d', 'd'])
  })

  it('ends a read when its signal is aborted, before and while it waits', async () => {
    const abort = new AbortController()
    const batches = read(9, 0, abort.signal)
    const next = batches.next()
    abort.abort()
    expect(await next).toEqual({ done: true, value: undefined })
    expect(await read(9, 0, abort.signal).next()).toEqual({ done: true, value: undefined })
  })

  it('tells where each partition begins and ends, and trims', async () => {
    await append(9, 'a', 'b', 'c', 'd', 'e')
    await broker.trim('input', 9, 3)
    const extents = await extentsOf(broker, 'input')
    expect(extents).toHaveLength(12)
    expect(extents[9]).toEqual({ oldest: 3, end: 5 })
    expect(extents[11]).toEqual({ oldest: 0, end: 0 })
  })

  it('stops with what it found where the log was trimmed, and where it has not come to yet', async () => {
    await append(10, 'a', 'b', 'c')
    await broker.trim('input', 10, 2)
    await expect(take(read(10, 1), 1)).rejects.toThrow(
      new LogGap('input', 10, 1, 'the oldest message is 2 and the next one will be 3'),
    )
    await expect(take(read(10, 4), 1)).rejects.toThrow(LogGap)
    expect(await take(read(10, 2), 1)).toMatchObject([{ offset: 2, text: 'c' }])
  })

  it('stops at a gap between two messages, behind the first', async () => {
    const producer = kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      transactionalId: topic,
      maxInFlightRequests: 1,
    })
    afterTests(() => producer.disconnect())
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ partition: 11, value: 'in a transaction' }] })
    await transaction.commit()
    // Its end takes an offset and is no message.
    await until('the end is there', async () => (await extentsOf(broker, 'input'))[11]?.end === 2)
    await append(11, 'behind it')
    const batches = read(11, 0)
    expect(await take(batches, 1)).toMatchObject([{ offset: 0, text: 'in a transaction' }])
    await expect(batches.next()).rejects.toThrow(new LogGap('input', 11, 1, 'offset 2 came'))
  }, 60_000)

  it('of what a job writes in transactions hands out the committed ones, also behind gaps', async () => {
    const done = `${needs.prefix}.done`
    const producer = kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      transactionalId: done,
      maxInFlightRequests: 1,
    })
    afterTests(() => producer.disconnect())
    await producer.connect()
    for (const value of ['aborted', 'committed', 'aborted too', 'committed too']) {
      const transaction = await producer.transaction()
      await transaction.send({ topic: done, messages: [{ partition: 4, value }] })
      await (value.startsWith('aborted') ? transaction.abort() : transaction.commit())
    }
    await broker.append('done', 4, [{ key: 'k', text: 'in no transaction' }])
    const messages = await take(broker.read('done', 4, 0, reading.signal)[Symbol.asyncIterator](), 3)
    expect(messages.map(({ text }) => text)).toEqual(['committed', 'committed too', 'in no transaction'])
  }, 60_000)

  it('says that what is too large will never be appended', async () => {
    const [before] = await extentsOf(broker, 'commits')
    const appended = broker.append('commits', 0, [{ key: 'k', text: 'x'.repeat(needs.maxMessageBytes) }])
    await expect(appended).rejects.toMatchObject({ outcome: 'never', cause: { type: 'MESSAGE_TOO_LARGE' } })
    const [after] = await extentsOf(broker, 'commits')
    expect(after).toEqual(before)
  })

  it('lets appends under way finish when it closes, ends reads and takes nothing more', async () => {
    const other = await openBroker({ ...needs })
    const next = other.read('commits', 2, 0, reading.signal)[Symbol.asyncIterator]().next()
    const message = [{ key: 'k', text: 'last' }]
    const appended = other.append('commits', 3, message)
    await Promise.all([other.close(), expect(appended).resolves.toBe(0)])
    expect(await next).toEqual({ done: true, value: undefined })
    await expect(other.append('commits', 3, message)).rejects.toMatchObject({ outcome: 'nothing' })
  })
})
