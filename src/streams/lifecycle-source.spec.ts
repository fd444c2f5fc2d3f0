import { FedView } from '../../test/support/fed-view.js'
import { LifecycleSource } from './lifecycle-source.js'

/** The feed of three starts, of which the oldest `trimmed` are gone. */
async function feedOf(trimmed: number): Promise<LifecycleSource> {
  const fed = await FedView.open()
  for (const id of ['a', 'b', 'c']) fed.start(id)
  await fed.write()
  fed.settle()
  await fed.view.store.transact('fed', 1, () => void fed.view.lifecycle.trim(Infinity, trimmed))
  return new LifecycleSource(fed.view)
}

const ids = (text = ''): string[] => [...text.matchAll(/"stream_id":"(.)"/g)].map(([, id = '']) => id)

describe('a page of the feed', () => {
  it('tells a reader whose place was trimmed so, and goes on with what is kept', async () => {
    const source = await feedOf(2)
    const page = source.page(0, Infinity)
    expect(page?.text).toMatch(
      /^event: reset\nid: 131073\ndata: {"reason":"trimmed","oldest":131073,"latest":196609}\n\n/,
    )
    expect(ids(page?.text)).toEqual(['c'])
    expect(source.page(page?.to ?? 0, Infinity)).toBeUndefined()
  })

  it('tells it also when nothing is kept behind its place', async () => {
    const source = await feedOf(3)
    const page = source.page(0, Infinity)
    expect(page).toMatchObject({ text: expect.stringContaining('event: reset'), to: 196_609 })
    expect(source.page(196_609, Infinity)).toBeUndefined()
  })

  it('says nothing of the kind to one whose place is kept', async () => {
    const source = await feedOf(1)
    const text = source.page(65_537, Infinity)?.text
    expect(text).not.toContain('reset')
    expect(ids(text)).toEqual(['b', 'c'])
  })
})
