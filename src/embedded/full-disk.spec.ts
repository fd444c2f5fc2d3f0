import { join } from 'node:path'
import { ApiError } from '#libs/contract'
import { data, Worker } from '#libs/engine/contract-suite'
import { afterTests } from '../../test/support/clean-up.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { Store } from '../view/store.js'
import { EmbeddedEngine } from './embedded-engine.js'

/** A disk that has no room while the test says so. That the real one answers like this, test/e2e/full-disk.spec.ts shows. */
class SmallStore extends Store {
  isFull = false
  /** Resolves at the next transaction that found no room. */
  refused: Promise<void> = Promise.resolve()
  private refuse: () => void = () => undefined

  expectRefusal(): void {
    this.refused = new Promise((resolve) => (this.refuse = resolve))
  }

  override async transact(key: string, version: number, write: () => void, bytes?: number): Promise<boolean> {
    if (!this.isFull) return super.transact(key, version, write, bytes)
    this.refuse()
    throw new ApiError('storage_full')
  }
}

/** A worker that has read three entries, on a disk that is full from then on. */
async function fullScene(): Promise<{ path: string; store: SmallStore; worker: Worker; fenced: () => boolean }> {
  const path = join(await temporaryFolder(), 'store')
  const store = new SmallStore(path)
  afterTests(() => store.close())
  let isFenced = false
  const engine = new EmbeddedEngine(store, { ...options, onFenced: () => (isFenced = true) })
  for (const value of ['a', 'b', 'c']) await engine.append(0, data(value))
  const worker = await Worker.on(engine)
  store.isFull = true
  store.expectRefusal()
  return { path, store, worker, fenced: () => isFenced }
}

const options = { backlogBytes: 1_000_000, maxUnsettledChars: 1_000_000, barrierTimeoutMs: 10_000 }

describe('while the disk is full', () => {
  it('appends are refused as such, at once, and are not in the log', async () => {
    const { store, worker } = await fullScene()
    const { engine } = worker
    for (let attempt = 0; attempt < 3; attempt++)
      await expect(engine.append(0, data('refused'))).rejects.toMatchObject({ code: 'storage_full' })
    expect(engine.health()).toEqual({ ok: true })
    store.isFull = false
    expect(await engine.append(0, data('d'))).toBe(3)
    expect((await worker.read(4)).map(({ offset }) => offset)).toEqual([0, 1, 2, 3])
    await worker.stop()
  })

  it('commits are applied and wait, and are written in order when there is room', async () => {
    const { path, store, worker, fenced } = await fullScene()
    const [a, b, c] = await worker.read(3)
    await worker.commitUpTo(a)
    await store.refused
    await worker.commitUpTo(b)
    await worker.commitUpTo(c)
    expect(worker.sink.applied).toHaveLength(3)
    expect(worker.sink.settled).toHaveLength(0)
    store.isFull = false
    await worker.sink.settledCount(3)
    expect(worker.sink.settled).toEqual(worker.sink.applied)
    expect(fenced()).toBe(false)
    await worker.stop()
    expect(await reopenedAt(path)).toBe(3)
  })

  it('a stop leaves them to the next start, and takes nobody for a usurper', async () => {
    const { path, store, worker, fenced } = await fullScene()
    const [a, b, c] = await worker.read(3)
    await worker.commitUpTo(a)
    await store.refused
    const closing = worker.engine.close()
    await worker.commitUpTo(b)
    // There is room again, but the commit before it is not there.
    store.isFull = false
    await worker.commitUpTo(c)
    worker.leave()
    await closing
    expect(fenced()).toBe(false)
    expect([0, 3]).toContain(await reopenedAt(path))
  })
})

/** Where a restart reads on. */
async function reopenedAt(path: string): Promise<number> {
  const store = new Store(path)
  afterTests(() => store.close())
  const { claim } = await Worker.on(new EmbeddedEngine(store, { ...options, onFenced: () => undefined }))
  return claim.from
}
