import { Logger } from '@nestjs/common'
import { until } from '../../test/support/until.js'
import { LoadFailure } from './load-failure.js'
import { Sources } from './sources.js'

describe('files that cannot be loaded', () => {
  beforeAll(() => {
    Logger.overrideLogger(false)
  })

  it('are tried one at a time, however many there are', async () => {
    const files = Array.from({ length: 20 }, (_, index) => `/gone/${index}.mjs`)
    let loading = 0
    let most = 0
    const load = async (): Promise<void> => {
      most = Math.max(most, ++loading)
      await new Promise(setImmediate)
      loading--
    }
    const sources = new Sources(load, () => Promise.resolve())
    sources.know(files.map((file) => ({ settings: { name: file }, file, runs: true, checks: false })))
    for (const file of files) sources.add(new LoadFailure(file, 'it is gone.'))
    expect(sources.missing).toEqual(files)
    await until('all are loaded', () => sources.missing.length === 0)
    expect(most).toBe(1)
  })

  it('and that nobody has heard of are no reason to try without a pause', () => {
    const never = new Promise<void>(() => undefined)
    const sources = new Sources(
      () => never,
      () => never,
    )
    sources.know([{ settings: { name: 'known' }, file: '/known.mjs', runs: true, checks: false }])
    sources.add(new LoadFailure('/made-up.mjs', 'it is gone.'))
    expect(sources.problemOf(['known'])).toMatchObject({ file: undefined, reason: 'it is gone.' })
  })
})
