import { STREAM } from './entries.js'
import type { TestLogs } from './logs.js'

/** What is not seen behind a barrier is absent. */
export function describeBarriers(logs: TestLogs): void {
  describe('a barrier', () => {
    it('is passed at once where nothing waits', async () => {
      const { engine } = await logs.worker()
      await engine.barrier(engine.partitionOf(STREAM))
    })

    it('is passed when what a former engine left is committed, and not before', async () => {
      const { worker: former } = await logs.loaded('a', 'b')
      await former.stop()
      const worker = await logs.worker()
      const entries = await worker.read(2)
      const passed: string[] = []
      const barriers = ['first', 'second'].map(async (name) => {
        await worker.engine.barrier(worker.engine.partitionOf(STREAM))
        passed.push(name)
      })
      await worker.commitUpTo(entries[0])
      await worker.sink.settledCount(1)
      expect(passed).toEqual([])
      await worker.commitUpTo(entries[1])
      await Promise.all(barriers)
    })

    it('that takes too long says that the view is behind, and a later one is passed all the same', async () => {
      const { worker: former } = await logs.loaded('a')
      await former.stop()
      const worker = await logs.worker(await logs.engine({ barrierTimeoutMs: 5 }))
      const [entry] = await worker.read(1)
      const barrier = (): Promise<void> => worker.engine.barrier(worker.engine.partitionOf(STREAM))
      await expect(barrier()).rejects.toMatchObject({ code: 'view_behind' })
      await worker.commitUpTo(entry)
      await barrier()
    })
  })
}
