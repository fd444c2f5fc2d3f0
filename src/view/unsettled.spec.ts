import type { Commit } from '#libs/engine'
import { Unsettled } from './unsettled.js'

const commit = (n: number): Commit => ({ partition: 0, epoch: 1, n, to: n, at: n, streams: [], verdicts: [] })

describe('a value that is not on the disk yet', () => {
  it('is known until the commit that made it is', () => {
    const values = new Unsettled<string | null>()
    const [first, second] = [commit(1), commit(2)]
    values.set('a', 'A', first)
    values.set('gone', null, first)
    expect(values.get('a')).toMatchObject({ value: 'A' })
    expect(values.get('gone')).toMatchObject({ value: null })
    expect(values.get('b')).toBeUndefined()
    values.settle('a', second)
    expect(values.get('a')).toMatchObject({ value: 'A' })
    values.settle('a', first)
    expect(values.get('a')).toBeUndefined()
  })

  it("gives way to a later commit's, which outlives the first one's settling", () => {
    const values = new Unsettled<string>()
    const [first, second] = [commit(1), commit(2)]
    values.set('a', 'old', first)
    values.set('a', 'new', second)
    values.settle('a', first)
    expect(values.get('a')).toMatchObject({ value: 'new' })
    values.settle('a', second)
    expect(values.get('a')).toBeUndefined()
  })
})
