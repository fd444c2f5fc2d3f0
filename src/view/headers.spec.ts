import fc from 'fast-check'
import { FedView, type Life } from '../../test/support/fed-view.js'
import { announcedSeed } from '../../test/support/random.js'

const ids = ['a', 'a.b', 'a~', 'B', 'b']

const step = fc.record({
  does: fc.constantFrom('start', 'start', 'end', 'delete', 'write', 'settle'),
  id: fc.constantFrom(...ids),
})

it('streams are listed from the moment they are known, in order, each once, on the disk or not', async () => {
  const seed = announcedSeed('headers.spec')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const fed = await FedView.open()
      const lives = new Map<string, Life>()
      for (const { does, id } of steps) {
        const life = lives.get(id)
        if (does === 'write') await fed.write()
        else if (does === 'settle') fed.settle()
        else if (does === 'start' && life?.state !== 'open') lives.set(id, fed.start(id, life))
        else if (does === 'end' && life?.state === 'open') fed.add(life, [], 'ended')
        else if (does === 'delete' && life?.state === 'open') fed.add(life, [], 'deleted')
        const known = [...lives].filter(([, { state }]) => state !== 'deleted')
        const expected = known.map(([, { header }]) => header).sort((a, b) => (a.id < b.id ? -1 : 1))
        for (const after of ['', 'a', 'a.b', 'aa', 'b'])
          for (const limit of [2, 10])
            expect(fed.view.headers.page(after, limit)).toEqual(
              expected.filter((header) => header.id > after).slice(0, limit),
            )
      }
    }),
    { seed, numRuns: 50 },
  )
}, 60_000)
