import { join } from 'node:path'
import { data, describeEngine, Worker } from '#libs/engine/contract-suite'
import { afterTests } from '../../test/support/clean-up.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { Store } from '../view/store.js'
import { EmbeddedEngine, type EmbeddedEngineOptions } from './embedded-engine.js'

const plenty: EmbeddedEngineOptions = {
  backlogBytes: 1_000_000,
  maxUnsettledChars: 1_000_000,
  barrierTimeoutMs: 10_000,
  onFenced: () => undefined,
}

describeEngine('the embedded engine', async () => {
  const path = join(await temporaryFolder(), 'store')
  return { open: (settings) => Promise.resolve(new EmbeddedEngine(new Store(path), { ...plenty, ...settings })) }
})

describe('the embedded engine', () => {
  let path: string
  beforeEach(async () => {
    path = join(await temporaryFolder(), 'store')
  })

  function open(options: Partial<EmbeddedEngineOptions> = {}): { engine: EmbeddedEngine; store: Store } {
    const store = new Store(path)
    const engine = new EmbeddedEngine(store, { ...plenty, ...options })
    afterTests(() => store.close())
    return { engine, store }
  }

  const inputRows = (store: Store): number => store.table('input').getKeysCount({})

  it('that another one has taken the store from refuses appends, says so once, and has written nothing', async () => {
    let stops = 0
    const { engine: older } = open({ onFenced: () => stops++ })
    await older.append(0, data('before'))
    const { engine: newer, store } = open()
    const answers = await Promise.allSettled([older.append(0, data('a')), older.append(0, data('b'))])
    for (const answer of answers) expect(answer).toMatchObject({ reason: { code: 'log_unavailable' } })
    await expect(older.append(0, data('c'))).rejects.toMatchObject({ code: 'log_unavailable' })
    expect(older.health()).toEqual({ ok: false, reason: expect.stringContaining('another process') })
    expect(stops).toBe(1)
    expect(newer.health()).toEqual({ ok: true })
    expect(newer.end()).toBe(1)
    expect(inputRows(store)).toBe(1)
    await older.close()
  })

  it('keeps input until it is committed, and not longer', async () => {
    const { engine, store } = open()
    for (const value of ['a', 'b', 'c']) await engine.append(0, data(value))
    await Promise.all(['d', 'e'].map((value) => engine.append(0, data(value))))
    expect(inputRows(store)).toBe(4)
    const worker = await Worker.on(engine)
    const entries = await worker.read(5)
    // Two entries were appended together: their row stays until both are committed.
    await worker.commitUpTo(entries[3])
    await worker.sink.settledCount(1)
    expect(inputRows(store)).toBe(1)
    await worker.commitUpTo(entries[4])
    await worker.sink.settledCount(2)
    expect(inputRows(store)).toBe(0)
    await worker.stop()
  })

  it('lets a commit wait for the disk when too much is on its way there', async () => {
    const { engine } = open({ maxUnsettledChars: 700 })
    await engine.append(0, data('a'))
    const worker = await Worker.on(engine)
    const [entry] = await worker.read(1)
    const run = (first: number, text: string): object => ({ first, lines: [text] })
    const patch = { id: 's', incarnation: '00000000000000aa', header: null, dedupe: [] }
    const to = entry?.offset ?? 0
    await worker.commit({ to, streams: [{ ...patch, runs: [run(1, '1'.repeat(50)) as never] }] })
    expect(worker.sink.settled).toHaveLength(0)
    await worker.commit({ to, streams: [{ ...patch, runs: [run(2, '2'.repeat(50)) as never] }] })
    expect(worker.sink.settled).toHaveLength(2)
    await worker.stop()
  })

  it('lets a commit that would not come out the same again be known only when it is on the disk, and the next one behind it', async () => {
    const { engine, store } = open()
    await engine.append(0, data('a'))
    const worker = await Worker.on(engine)
    const [entry] = await worker.read(1)
    const onDisk = (): unknown =>
      (JSON.parse(store.meta.get('head')?.toString() ?? '{}') as { position?: number }).position
    const known: unknown[] = []
    jest.spyOn(worker.sink, 'apply').mockImplementation((_commit, position) => {
      known.push([position, onDisk()])
    })
    const to = entry?.offset ?? 0
    await worker.commit({ to }, true)
    await worker.commit({ to }, false)
    await worker.commit({ to }, true)
    expect(known).toEqual([
      [1, 0],
      [2, 2],
      [3, 2],
    ])
    await worker.stop()
  })

  it('takes signs of life and ends when the backlog is full: it is data that must wait', async () => {
    const { engine } = open({ backlogBytes: 10 })
    await engine.append(0, data('x'.repeat(20)))
    await expect(engine.append(0, data('x'))).rejects.toMatchObject({ code: 'overloaded' })
    expect(await engine.append(0, { kind: 'end', stream: 's' })).toBe(1)
    expect(await engine.append(0, { kind: 'tick', asOf: 1 })).toBe(2)
    await engine.close()
  })

  it('has room again as soon as input is processed, whether or not the commit is on the disk', async () => {
    const { engine } = open({ backlogBytes: 10 })
    const worker = await Worker.on(engine)
    for (let sends = 0; sends < 5; sends++) {
      await engine.append(0, data('x'.repeat(20)))
      const [entry] = await worker.read(1)
      await worker.commitUpTo(entry)
    }
    expect(worker.sink.settled.length).toBeLessThan(5)
    await worker.stop()
  })
})
