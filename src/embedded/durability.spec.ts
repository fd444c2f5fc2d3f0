import { join } from 'node:path'
import { data, Worker } from '#libs/engine/contract-suite'
import { afterTests } from '../../test/support/clean-up.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { Store } from '../view/store.js'
import { EmbeddedEngine } from './embedded-engine.js'

/** A disk whose sync the test holds back, lets through, or lets fail: what LMDB has written can be read by then, as it is for real. */
class HeldStore extends Store {
  private readonly held: { readonly pass: () => void; readonly fail: (error: Error) => void }[] = []
  private arrived: () => void = () => undefined

  /** The next sync that is waited for; LMDB's own is over by then. */
  async nextSync(): Promise<{ pass: () => void; fail: (error: Error) => void }> {
    for (;;) {
      const [sync] = this.held.splice(0, 1)
      if (sync !== undefined) return sync
      await new Promise<void>((resolve) => (this.arrived = resolve))
    }
  }

  protected override async flushed(): Promise<void> {
    await super.flushed()
    await new Promise<void>((pass, fail) => {
      this.held.push({ pass, fail })
      this.arrived()
    })
  }
}

async function open(): Promise<{ store: HeldStore; engine: EmbeddedEngine; path: string }> {
  const path = join(await temporaryFolder(), 'store')
  const store = new HeldStore(path)
  afterTests(() => store.close())
  return { store, engine: new EmbeddedEngine(store, options), path }
}

const options = {
  backlogBytes: 1_000_000,
  maxUnsettledChars: 1_000_000,
  barrierTimeoutMs: 10_000,
  onFenced: () => undefined,
}

const entry = data('a')
const eio = new Error('EIO: i/o error, fdatasync')
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'acked',
    (error: unknown) => (error as { code?: unknown }).code,
  )

describe('a sync that is held back', () => {
  it('holds back every append that waits for it', async () => {
    const { store, engine } = await open()
    const answers: number[] = []
    const appends = [entry, entry].map((one) => engine.append(0, one).then((offset) => answers.push(offset)))
    const sync = await store.nextSync()
    await turn()
    await turn()
    expect(answers).toEqual([])
    sync.pass()
    await Promise.all(appends)
    expect(answers).toEqual([0, 1])
  })

  it('holds back what a commit leaves in memory, not the commit', async () => {
    const { store, engine } = await open()
    const append = engine.append(0, entry)
    ;(await store.nextSync()).pass()
    await append
    const worker = await Worker.on(engine)
    await worker.commitUpTo((await worker.read(1))[0])
    const sync = await store.nextSync()
    await turn()
    expect(worker.sink.applied).toHaveLength(1)
    expect(worker.sink.settled).toHaveLength(0)
    sync.pass()
    await worker.sink.settledCount(1)
  })
})

describe('a sync that fails', () => {
  it('leaves it open what became of the appends that waited for it, and refuses all later ones', async () => {
    const { store, engine, path } = await open()
    const together = [entry, entry].map((one) => codeOf(engine.append(0, one)))
    ;(await store.nextSync()).fail(eio)
    expect(await Promise.all(together)).toEqual(['append_unknown', 'append_unknown'])
    expect(await codeOf(engine.append(0, entry))).toBe('log_unavailable')
    expect(engine.health()).toEqual({ ok: false, reason: expect.stringMatching(/sync.*restart/) })
    await engine.close()

    // A restart reads what is there, and works.
    const restarted = new Store(path)
    afterTests(() => restarted.close())
    const next = new EmbeddedEngine(restarted, options)
    expect(next.health()).toEqual({ ok: true })
    expect([0, 2]).toContain(next.end())
    expect(await codeOf(next.append(0, entry))).toBe('acked')
    await next.close()
  })

  it('takes back the ack of what was written behind it, though that was synced', async () => {
    const { store, engine } = await open()
    const first = engine.append(0, entry)
    ;(await store.nextSync()).pass()
    await first
    const worker = await Worker.on(engine)
    await worker.commitUpTo((await worker.read(1))[0])
    const commit = await store.nextSync()
    const append = codeOf(engine.append(0, entry))
    const later = await store.nextSync()
    commit.fail(eio)
    later.pass()
    expect(await append).toBe('append_unknown')
    expect(worker.sink.settled).toHaveLength(0)
    worker.leave()
    await engine.close()
  })
})
