import { jest } from '@jest/globals'
import kafkajs from 'kafkajs'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import './kafkajs-repair.js'

describe('the queue of requests of kafkajs', () => {
  let queue: RequestQueue
  let sent: number[]

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] })
    const logger = new kafkajs.Kafka({ brokers: [], logLevel: kafkajs.logLevel.NOTHING }).logger()
    sent = []
    queue = new RequestQueue({ maxInFlightRequests: 1, requestTimeout: 1_000, clientId: 'c', broker: 'b', logger })
  })

  afterEach(() => {
    jest.useRealTimers()
  })

  const push = (correlationId: number): void =>
    queue.push({
      entry: { correlationId, resolve: () => undefined, reject: () => undefined },
      expectResponse: true,
      sendRequest: () => sent.push(correlationId),
    })
  const answer = (correlationId: number): void =>
    queue.fulfillRequest({ correlationId, payload: Buffer.alloc(0), size: 0 })

  it('keeps no timer while nothing waits', () => {
    push(1)
    answer(1)
    expect(sent).toEqual([1])
    expect(jest.getTimerCount()).toBe(0)
  })

  it('sends what waits when there is room', () => {
    push(1)
    push(2)
    expect(sent).toEqual([1])
    answer(1)
    expect(sent).toEqual([1, 2])
    answer(2)
    jest.advanceTimersByTime(1_000)
    expect(jest.getTimerCount()).toBe(0)
  })

  it('sends what waits for a busy broker when its time is over', () => {
    queue.maybeThrottle(5_000)
    push(1)
    jest.advanceTimersByTime(4_999)
    expect(sent).toEqual([])
    jest.advanceTimersByTime(1 + 10)
    expect(sent).toEqual([1])
    answer(1)
    expect(jest.getTimerCount()).toBe(0)
  })
})
