import type { DataEntry, StoredEntry } from '../entry.js'
import { data, partOf, STREAM, withoutPlace } from './entries.js'
import type { TestLogs } from './logs.js'

/** Where reading begins, goes on and ends. */
export function describeClaims(logs: TestLogs): void {
  describe('a claim', () => {
    it('reads on behind the last commit after a restart', async () => {
      const { worker, entries } = await logs.loaded('a', 'b', 'c')
      await worker.commitUpTo(entries[0])
      await worker.commitUpTo(entries[1])
      await worker.stop()
      const next = await logs.worker()
      expect(next.claim.from).toBe(entries[2]?.offset)
      expect(next.sink.begun?.to).toBe(entries[2]?.offset)
      expect(await next.read(1)).toEqual([entries[2]])
    })

    it('hands out an entry again, whole, whose commit ended within it', async () => {
      const engine = await logs.engine()
      const appends = [data('done'), data(1, 2, 3, 4)].map((entry) => engine.append(engine.partitionOf(STREAM), entry))
      await Promise.all(appends)
      const worker = await logs.worker(engine)
      const entry = (await worker.read(2))[1] as StoredEntry<DataEntry>
      await worker.commit(partOf(entry, 2))
      await worker.stop()
      const next = await logs.worker()
      expect(next.claim.from).toBe(entry.offset)
      expect(await next.read(1)).toEqual([entry])
    })

    it('reads what is appended while it waits, and ends with its engine', async () => {
      const worker = await logs.worker()
      const { engine } = worker
      const waiting = worker.read(1)
      await engine.append(engine.partitionOf(STREAM), data('late'))
      expect((await waiting).map(withoutPlace)).toEqual([data('late')])
      const ended = worker.ended()
      await engine.close()
      expect(await ended).toBe(true)
    })

    it('that begins with a backlog forgets nothing of what is appended meanwhile, and makes room for more', async () => {
      const former = await logs.engine()
      for (const value of ['a', 'b', 'c']) await former.append(former.partitionOf(STREAM), data(value))
      await former.close()

      const engine = await logs.engine({ backlogBytes: 10_000 })
      const worker = await logs.worker(engine)
      const entries = await worker.read(1)
      const during = Array.from({ length: 4 }, (_, index) => data(`${index}${'x'.repeat(2_000)}`))
      for (const entry of during) await engine.append(engine.partitionOf(STREAM), entry)
      // What is written one by one shows whether each write trims its own input and no other.
      for (let done = 0; done < 7; done++) {
        if (done === entries.length) entries.push(...(await worker.read(1)))
        await worker.commitUpTo(entries[done])
        await worker.sink.settledCount(done + 1)
      }
      expect(entries.map(withoutPlace)).toEqual([...['a', 'b', 'c'].map((value) => data(value)), ...during])
      for (const entry of during) await engine.append(engine.partitionOf(STREAM), entry)

      await worker.stop()
      const next = await logs.worker()
      expect((await next.read(during.length)).map(withoutPlace)).toEqual(during)
    })
  })
}
