import type { Entry } from '#libs/engine'
import { MemoryCluster } from '../../test/support/memory-broker.js'
import { until } from '../../test/support/until.js'
import { Appender, Backlog } from './appender.js'

const entry = (text: string): Entry => ({
  kind: 'data',
  stream: 's',
  incarnation: 'i',
  records: [text],
})

describe('an append to brokers that do not answer', () => {
  const appendTimeoutMs = 100
  const cluster = new MemoryCluster(1)
  const backlog = new Backlog()
  let answer = (): void => undefined
  let attempts = 0
  let appender: Appender

  beforeAll(() => {
    const broker = cluster.broker()
    const append = broker.append.bind(broker)
    broker.append = async (...what) => {
      attempts++
      await new Promise<void>((resolve) => (answer = resolve))
      return await append(...what)
    }
    appender = new Appender(0, broker, backlog, { replica: 'r', backlogBytes: 10_000, appendTimeoutMs })
  })

  it('is answered in time: it may exist if it was on its way, and does not if it waited behind', async () => {
    const begun = performance.now()
    const onItsWay = appender.append(entry('on its way'))
    const outcome = expect(onItsWay).rejects.toMatchObject({ code: 'append_unknown' })
    await until('it is on its way', () => attempts === 1)
    const behind = appender.append(entry('behind'))
    await expect(behind).rejects.toMatchObject({ code: 'log_unavailable' })
    await outcome
    expect(performance.now() - begun).toBeLessThan(10 * appendTimeoutMs)
  })

  it('keeps its place in the log if it gets there after all, and what was given up never does', async () => {
    expect(backlog.bytes).toBeGreaterThan(0)
    answer()
    await until('all is over', () => backlog.bytes === 0)
    const texts = cluster.partition('input', 0).messages.map(({ text }) => text)
    expect(texts).toEqual([expect.stringContaining('on its way')])
    expect(attempts).toBe(1)
  })
})
