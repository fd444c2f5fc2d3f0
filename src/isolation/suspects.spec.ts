import type { NamedWork } from './packed.js'
import { Suspects } from './suspects.js'

const workOf = (inputs: number, stream = 's'): NamedWork => ({
  processor: 'p',
  stream,
  options: {},
  inputs: Array.from({ length: inputs }, () => ({ kind: 'record', at: 1, text: '0' })),
  timer: 5,
  stateVersion: undefined,
  state: { bytes: 0, get: () => undefined, keys: () => [] },
})

describe('a stream whose records end one process after the other', () => {
  it('has its next records refused, twice as many each time, until a batch of it goes well', () => {
    const suspects = new Suspects()
    expect(suspects.untried(workOf(500))).toEqual([])
    suspects.add('s', 'processor_timeout')
    expect(suspects.untried(workOf(300))).toHaveLength(300)
    expect(suspects.untried(workOf(300))).toHaveLength(200)
    expect(suspects.untried(workOf(300))).toHaveLength(0)
    suspects.add('s', 'processor_timeout')
    expect(suspects.untried(workOf(2_000))).toHaveLength(1_000)
    suspects.clear('s')
    suspects.add('s', 'processor_timeout')
    expect(suspects.untried(workOf(2_000))).toHaveLength(500)
  })

  it('does no harm to others, and keeps its timer', () => {
    const suspects = new Suspects()
    suspects.add('s', 'processor_out_of_memory')
    expect(suspects.untried(workOf(3, 't'))).toEqual([])
    expect(suspects.untried(workOf(1))).toMatchObject([{ timer: 5, failed: 'processor_out_of_memory' }])
  })

  it('is forgotten when there are too many', () => {
    const suspects = new Suspects()
    for (let index = 0; index <= 1_000; index++) suspects.add(`s${index}`, 'processor_timeout')
    expect(suspects.untried(workOf(1, 's0'))).toEqual([])
    expect(suspects.untried(workOf(1, 's1'))).toHaveLength(1)
  })
})
