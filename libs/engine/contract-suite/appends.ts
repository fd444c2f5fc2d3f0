import type { Engine } from '../engine.js'
import { data, everyKind, STREAM, withoutPlace } from './entries.js'
import type { TestLogs } from './logs.js'

/** What becomes of what is appended. */
export function describeAppends(logs: TestLogs): void {
  describe('an append', () => {
    it('is read whole, whatever its kind and its text', async () => {
      const engine = await logs.engine()
      for (const entry of everyKind) await engine.append(engine.partitionOf(STREAM), entry)
      const worker = await logs.worker(engine)
      expect((await worker.read(everyKind.length)).map(withoutPlace)).toEqual(everyKind)
    })

    it('is read whole by another engine after a restart', async () => {
      const engine = await logs.engine()
      for (const entry of everyKind) await engine.append(engine.partitionOf(STREAM), entry)
      await engine.close()
      const worker = await logs.worker()
      expect((await worker.read(everyKind.length)).map(withoutPlace)).toEqual(everyKind)
    })

    it('that was acked is there for whoever takes over, though its engine was never closed', async () => {
      const engine = await logs.engine()
      await engine.append(engine.partitionOf(STREAM), data('acked'))
      const worker = await logs.worker()
      expect((await worker.read(1)).map(withoutPlace)).toEqual([data('acked')])
    })

    it('resolves with its offset, and offsets rise by one over restarts', async () => {
      const first = await logs.engine()
      const offsets = await appendAll(first, ['a', 'b', 'c'])
      await first.close()
      const second = await logs.engine()
      offsets.push(...(await appendAll(second, ['d', 'e'])))
      const entries = await (await logs.worker(second)).read(5)
      expect(entries.map(({ offset }) => offset)).toEqual(offsets)
      expect(offsets).toEqual(offsets.map((_, index) => (offsets[0] ?? 0) + index))
      expect(second.end(second.partitionOf(STREAM))).toBe((offsets.at(-1) ?? 0) + 1)
    })

    it('stands in the log in the order of the calls, however many are under way', async () => {
      const engine = await logs.engine()
      // Some are as large as thousands of others, so that what is written together varies.
      const values = Array.from({ length: 400 }, (_, index) => `${index}${'x'.repeat(index % 37 === 0 ? 50_000 : 0)}`)
      const offsets = await appendAll(engine, values)
      expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
      const entries = await (await logs.worker(engine)).read(values.length)
      expect(entries.map(withoutPlace)).toEqual(values.map((value) => data(value)))
    })

    it('has a time that is about now and never goes back, over restarts too', async () => {
      const times: number[] = []
      for (let restart = 0; restart < 3; restart++) {
        const engine = await logs.engine()
        await appendAll(engine, ['a', 'b', 'c'])
        const worker = await logs.worker(engine)
        const entries = await worker.read((restart + 1) * 3)
        times.push(...entries.slice(-3).map(({ at }) => at), engine.now())
        await worker.stop()
      }
      expect(times).toEqual([...times].sort((a, b) => a - b))
      expect(Math.abs(Date.now() - (times.at(-1) ?? 0))).toBeLessThan(10_000)
    })

    it('past the backlog is refused as overloaded, is not in the log, and succeeds when there is room again', async () => {
      const engine = await logs.engine({ backlogBytes: 5_000 })
      const append = (): Promise<number> => engine.append(engine.partitionOf(STREAM), data('x'.repeat(1_500)))
      const answers = await Promise.allSettled(Array.from({ length: 10 }, append))
      const refusals = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason as unknown)
      const acked = answers.length - refusals.length
      expect(acked).toBeGreaterThan(0)
      expect(refusals.length).toBeGreaterThan(0)
      for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'overloaded' })

      const worker = await logs.worker(engine)
      const entries = await worker.read(acked)
      expect(entries).toHaveLength(acked)
      await worker.commitUpTo(entries.at(-1))
      await worker.sink.settledCount(1)
      await append()
      expect(await worker.read(1)).toHaveLength(1)
    })
  })
}

function appendAll(engine: Engine, values: readonly string[]): Promise<number[]> {
  return Promise.all(values.map((value) => engine.append(engine.partitionOf(STREAM), data(value))))
}
