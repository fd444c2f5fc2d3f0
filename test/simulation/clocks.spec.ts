import { Pair } from './pair.js'
import { IDLE_MS } from './simulated-replica.js'

const HOURS_MS = 3_600_000

describe.each([-5 * HOURS_MS, 5 * HOURS_MS])('a replica whose clock is %d ms off', (skewMs) => {
  let pair: Pair

  beforeEach(() => {
    pair = new Pair({ expires: true, skewMs })
  })
  afterEach(() => {
    pair.restore()
  })

  it('keeps the streams alive that are read there', async () => {
    await pair.ask(0, ({ lifecycle }) => lifecycle.start('read', {}))
    await pair.readAt(1, 'read')
    await pair.pass(4 * IDLE_MS)
    expect(await pair.ask(0, async ({ view }) => view.headers.get('read')?.status)).toBe('open')
  })

  it('lets streams expire that nobody uses, and none before its time', async () => {
    await pair.ask(0, ({ lifecycle }) => lifecycle.start('idle', {}))
    await pair.pass(IDLE_MS - 1_000)
    expect(await pair.ask(0, async ({ view }) => view.headers.get('idle')?.status)).toBe('open')
    await pair.pass(4_000)
    expect(await pair.ask(0, async ({ view }) => view.headers.get('idle')?.status)).toBe('expired')
  })
})
