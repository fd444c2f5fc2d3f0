import { data, STREAM, withoutPlace } from './entries.js'
import type { TestLogs } from './logs.js'

/** What a stop waits for, and what it leaves behind. */
export function describeClosing(logs: TestLogs): void {
  describe('closing', () => {
    it('waits for appends under way: what was acked is in the log, and nothing else', async () => {
      const engine = await logs.engine()
      const values = Array.from({ length: 50 }, (_, index) => `${index}`)
      const answers = Promise.allSettled(values.map((value) => engine.append(engine.partitionOf(STREAM), data(value))))
      await engine.close()
      const acked = (await answers).flatMap(({ status }, index) => (status === 'fulfilled' ? [values[index]] : []))
      expect(acked).not.toHaveLength(0)
      const worker = await logs.worker()
      expect((await worker.read(acked.length)).map(withoutPlace)).toEqual(acked.map((value) => data(value)))
    })

    it('waits for commits under way', async () => {
      const { worker, entries } = await logs.loaded('a', 'b')
      const commits = entries.map((entry) => worker.commitUpTo(entry))
      const ended = worker.ended()
      await Promise.all([...commits, worker.engine.close()])
      expect(await ended).toBe(true)
      expect((await logs.worker()).claim.from).toBe((entries[1]?.offset ?? 0) + 1)
    })

    it('waits until what its reader holds is committed', async () => {
      const { worker, entries } = await logs.loaded('a')
      const steps: string[] = []
      const closing = worker.engine.close().then(() => steps.push('closed'))
      await worker.commitUpTo(entries[0])
      await worker.sink.settledCount(1)
      steps.push('committed')
      expect(await worker.ended()).toBe(true)
      await closing
      expect(steps).toEqual(['committed', 'closed'])
      expect((await logs.worker()).claim.from).toBe((entries[0]?.offset ?? 0) + 1)
    })

    it('refuses appends that come later, and can be asked for twice', async () => {
      const engine = await logs.engine()
      await engine.close()
      await expect(engine.append(engine.partitionOf(STREAM), data('late'))).rejects.toMatchObject({
        code: 'shutting_down',
      })
      await engine.close()
    })
  })
}
