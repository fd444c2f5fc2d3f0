import { Pair } from './pair.js'

describe('a replica whose view is behind', () => {
  let pair: Pair

  beforeEach(() => {
    pair = new Pair()
  })
  afterEach(() => {
    pair.restore()
  })

  // Found by the simulation: its schedule 50 of seed 1 was told 409.
  it('takes sends to a stream that has ended there and was started anew elsewhere', async () => {
    await pair.startAnew('c')
    expect(await pair.ask(1, (parts) => parts.send('c', 1))).toEqual({ accepted: 1, duplicate: false })
  })

  // Found by the simulation: a reader in its schedule 242 of seed 1 was given the end, and would have been given 204 when it came back.
  it('gives a new reader the life that a stream was started anew with, not the end of the one before', async () => {
    const incarnation = await pair.startAnew('c')
    const { header } = await pair.ask(1, ({ openings }) =>
      openings.find('c', { lastEventId: undefined, from: undefined }),
    )
    expect(header.incarnation).toBe(incarnation)
  })
})
