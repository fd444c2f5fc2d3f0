import type { TestLogs } from './logs.js'

/** Which commits count. */
export function describeCommits(logs: TestLogs): void {
  describe('a commit', () => {
    it('is applied in order, at positions that rise, over restarts too', async () => {
      const { worker, entries } = await logs.loaded('a', 'b')
      for (const entry of entries) await worker.commitUpTo(entry)
      expect(worker.sink.applied.map(({ to }) => to)).toEqual(entries.map(({ offset }) => offset + 1))
      await worker.stop()
      expect(worker.sink.settled).toEqual(worker.sink.applied)
      const next = await logs.worker()
      expect(next.sink.begun?.position).toBe(worker.sink.positions.at(-1))
      await next.commit({ to: next.claim.from })
      const positions = [...worker.sink.positions, ...next.sink.positions]
      expect(positions).toHaveLength(3)
      expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b))
    })

    it('says which streams are behind the others', async () => {
      const { worker, entries } = await logs.loaded('a', 'b')
      const spread = { taken: (entries[1]?.offset ?? 0) + 1, behind: [['s', entries[0]?.offset ?? 0, 7] as const] }
      await worker.commit({ to: entries[0]?.offset ?? 0, spread })
      await worker.commitUpTo(entries[1])
      expect(worker.sink.applied.map((commit) => commit.spread)).toEqual([spread, undefined])
    })

    it('that is made when the engine has closed is refused', async () => {
      const { worker, entries } = await logs.loaded('a')
      await worker.stop()
      await expect(worker.commitUpTo(entries[0])).rejects.toMatchObject({ code: 'log_unavailable' })
      const next = await logs.worker()
      expect(next.claim.from).toBe(entries[0]?.offset)
    })

    it('of an older claim does not count once there is a newer one, and the older claim ends', async () => {
      const { worker: older, entries } = await logs.loaded('a', 'b')
      await older.commitUpTo(entries[0])
      await older.sink.settledCount(1)
      const newer = await logs.worker()
      expect(newer.claim.epoch).toBeGreaterThan(older.claim.epoch)
      expect(newer.claim.from).toBe(entries[1]?.offset)

      // Whether it is told at once or later is the engine's affair.
      await older.commitUpTo(entries[1]).catch(() => undefined)
      expect(await older.ended()).toBe(true)
      await expect(older.commitUpTo(entries[1])).rejects.toMatchObject({ code: 'log_unavailable' })

      expect(await newer.read(1)).toEqual([entries[1]])
      await newer.stop()
      const newest = await logs.worker()
      expect(await newest.read(1)).toEqual([entries[1]])
    })

    it('of the newer claim counts, whatever the older one writes before it', async () => {
      const { worker: older, entries } = await logs.loaded('a', 'b')
      const newer = await logs.worker()
      await older.commitUpTo(entries[1]).catch(() => undefined)
      await newer.commitUpTo(entries[0])
      await newer.stop()
      const next = await logs.worker()
      expect(next.claim.from).toBe(entries[1]?.offset)
    })

    it('that meets a take-over counts for both sides or for neither', async () => {
      for (let turns = 0; turns < 12; turns++) {
        const { worker: older, entries } = await logs.loaded('a')
        await older.commitUpTo(entries[0])
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
        const newer = await logs.worker()
        await older.stop()
        const counted = older.sink.settled.length > 0
        expect(newer.claim.from).toBe((entries[0]?.offset ?? 0) + (counted ? 1 : 0))
        await logs.close()
      }
    }, 60_000)

    it('that is not the next of its epoch does not count, nor does what comes behind it', async () => {
      const { worker, entries } = await logs.loaded('a', 'b', 'c')
      await worker.commitUpTo(entries[0])
      await worker.sink.settledCount(1)
      worker.loseOne()
      await worker.commitUpTo(entries[1]).catch(() => undefined)
      await worker.commitUpTo(entries[2]).catch(() => undefined)
      await worker.stop()
      const next = await logs.worker()
      expect(next.claim.from).toBe(entries[1]?.offset)
    })
  })
}
