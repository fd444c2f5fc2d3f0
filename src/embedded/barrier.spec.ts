import { join } from 'node:path'
import { data, Worker } from '#libs/engine/contract-suite'
import { afterTests } from '../../test/support/clean-up.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { Store } from '../view/store.js'
import { EmbeddedEngine } from './embedded-engine.js'

/** An engine that finds `values` in the input, which a former one has left there, and whoever works on it. */
async function withBacklog(values: readonly string[], barrierTimeoutMs = 10_000): Promise<Worker> {
  const path = join(await temporaryFolder(), 'store')
  const open = (): EmbeddedEngine => {
    const store = new Store(path)
    afterTests(() => store.close())
    const limits = { backlogBytes: 1_000_000, maxUnsettledChars: 1_000_000 }
    return new EmbeddedEngine(store, { ...limits, barrierTimeoutMs, onFenced: () => undefined })
  }
  const former = open()
  for (const value of values) await former.append(0, data(value))
  await former.close()
  return Worker.on(open())
}

// A commit that was known in memory may be lost in a crash, and is made again of the same input.
describe('a barrier of the embedded engine', () => {
  it('is passed when what a former engine left is committed, and not before', async () => {
    const worker = await withBacklog(['a', 'b'])
    const entries = await worker.read(2)
    const passed: string[] = []
    const barriers = ['first', 'second'].map(async (name) => {
      await worker.engine.barrier(0)
      passed.push(name)
    })
    await worker.commitUpTo(entries[0])
    await worker.sink.settledCount(1)
    expect(passed).toEqual([])
    await worker.commitUpTo(entries[1])
    await Promise.all(barriers)
    await worker.stop()
  })

  it('that takes too long says that the view is behind, and a later one is passed all the same', async () => {
    const worker = await withBacklog(['a'], 5)
    const [entry] = await worker.read(1)
    await expect(worker.engine.barrier(0)).rejects.toMatchObject({ code: 'view_behind' })
    await worker.commitUpTo(entry)
    await worker.engine.barrier(0)
    await worker.stop()
  })
})
