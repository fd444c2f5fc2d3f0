import { SchedulerRegistry } from '@nestjs/schedule'
import { readConfig } from '../config/config.js'
import { lifeOf, sent, started } from '../../test/support/entries.js'
import { failing } from '../../test/support/processing.js'
import { Replica } from '../../test/support/replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { until } from '../../test/support/until.js'
import { Retention } from './retention.js'

const retentionMs = 60_000

/** A replica that has processed what a stream needs for its results to be old one day. */
async function worked(
  ...values: readonly unknown[]
): Promise<{ replica: Replica; retention: Retention; folder: string }> {
  const folder = await temporaryFolder()
  const replica = new Replica(folder)
  await replica.append(started('s', 1, { retentionMs }))
  for (const value of values) await replica.append(sent('s', [value]))
  await replica.processed()
  await replica.settled()
  return { replica, retention: retentionOf(replica), folder }
}

function retentionOf({ engine, view }: Replica): Retention {
  const config = readConfig({ RESULT_RETENTION_MS: String(retentionMs) })
  return new Retention(config, engine, view, new SchedulerRegistry())
}

async function end(replica: Replica, stream: string): Promise<void> {
  await replica.append({ kind: 'end', stream })
  await until('the stream is over', () => replica.view.headers.get(stream)?.status === 'ended')
  await replica.settled()
}

const rowsOf = ({ view }: Replica, table: string): number => view.store.table(table).getKeysCount({})

describe('retention', () => {
  it('removes results that are older than their stream keeps them, and nothing younger', async () => {
    const { replica, retention } = await worked(1, 2)
    const young = replica.engine.now()
    await retention.run(young + retentionMs - 1_000)
    expect(replica.results(lifeOf('s'))).toEqual(['1', '2'])
    await retention.run(young + retentionMs + 1_000)
    expect(replica.view.results.oldest(lifeOf('s'))).toBeUndefined()
    expect(replica.view.headers.get('s')).toMatchObject({ status: 'open', lastSeq: 2 })
    await replica.append(sent('s', [3]))
    await replica.processed()
    expect(replica.view.results.oldest(lifeOf('s'))).toBe(3)
  })

  it('forgets a stream that has been over for that long, with everything that was kept of it', async () => {
    const { replica, retention } = await worked(1, 2)
    await replica.append(sent('s', [3], { key: 'k', hash: 'h' }))
    await replica.processed()
    await end(replica, 's')
    await retention.run(replica.engine.now() + retentionMs - 1_000)
    expect(replica.view.headers.get('s')).toBeDefined()
    await retention.run(replica.engine.now() + retentionMs + 1_000)
    expect(replica.view.headers.get('s')).toBeUndefined()
    expect(replica.view.headers.streamOf(lifeOf('s'))).toBeUndefined()
    for (const table of ['streams', 'results', 'dedupe', 'incarnations', 'garbage', 'lifecycle'])
      expect([table, rowsOf(replica, table)]).toEqual([table, 0])
  })

  it.each([
    ['is deleted', { kind: 'delete', stream: 's' }],
    ['has been over for long', { kind: 'end', stream: 's' }],
  ] as const)('removes the dead letters of a stream that %s, with their records', async (_, close) => {
    const replica = new Replica(await temporaryFolder(), { process: failing })
    await replica.append(started('s', 1, { retentionMs }))
    await replica.append(sent('s', ['fails', 'too']))
    await replica.processed()
    await replica.settled()
    expect(rowsOf(replica, 'letters')).toBe(4)
    await replica.append(close)
    await until('the stream is over', () => replica.view.headers.active.size === 0)
    await replica.settled()
    await retentionOf(replica).run(replica.engine.now() + retentionMs + 1_000)
    expect(rowsOf(replica, 'letters')).toBe(0)
  })

  it('removes the life that a new one replaces, and leaves the new one alone', async () => {
    const { replica, retention } = await worked(1, 2)
    await end(replica, 's')
    await replica.append(started('s', 2, { retentionMs }))
    await replica.append(sent('s', ['new'], undefined, 2))
    await replica.processed()
    await replica.settled()
    await retention.run(replica.engine.now())
    expect(replica.view.results.oldest(lifeOf('s'))).toBeUndefined()
    expect(replica.view.headers.streamOf(lifeOf('s'))).toBeUndefined()
    expect(replica.results(lifeOf('s', 2))).toEqual(['"new"'])
    expect(replica.view.headers.streamOf(lifeOf('s', 2))).toBe('s')
  })

  it('gets through more than one pass over the tables takes at once', async () => {
    const { replica, retention } = await worked()
    const ids = Array.from({ length: 450 }, (_, index) => `x${index}`)
    await Promise.all(ids.map((id) => replica.append(started(id, 1, { retentionMs }))))
    await Promise.all(ids.map((id) => replica.append(sent(id, [id]))))
    await Promise.all(ids.map((id) => replica.append({ kind: 'end', stream: id })))
    await until('all are over', () => replica.view.headers.active.size === 1)
    await replica.settled()
    await retention.run(replica.engine.now() + retentionMs + 1_000)
    for (const [table, rows] of Object.entries({ streams: 1, results: 0, garbage: 0, lifecycle: 0, incarnations: 1 }))
      expect([table, rowsOf(replica, table)]).toEqual([table, rows])
  })

  it('removes nothing any more once another process has taken the store over', async () => {
    const { replica: older, retention, folder } = await worked(1)
    await end(older, 's')
    const newer = new Replica(folder)
    await newer.append(started('s', 2, { retentionMs }))
    await newer.append(sent('s', ['new'], undefined, 2))
    await newer.processed()
    await newer.settled()
    // What the older one knows of the stream is that it is long over.
    await retention.run(older.engine.now() + 2 * retentionMs)
    const newest = new Replica(folder)
    expect(newest.view.headers.get('s')).toMatchObject({ incarnation: lifeOf('s', 2), status: 'open' })
    expect(newest.results(lifeOf('s', 2))).toEqual(['"new"'])
  })

  it('ends its pass, and does not begin another, when it finds that out in the midst of much to remove', async () => {
    const { replica: older, retention, folder } = await worked()
    for (let n = 0; n < 500; n++) void older.append(started(`s${n}`))
    await older.append(started('last'))
    await older.processed()
    await older.settled()
    new Replica(folder, { idle: true })
    await retention.run(older.engine.now() + 2 * retentionMs)
    expect(rowsOf(older, 'lifecycle')).toBe(502)
  })

  it('stops in the midst of a pass, when what it has begun is done', async () => {
    const { replica, retention } = await worked(1)
    const pass = retention.run(replica.engine.now() + retentionMs + 1_000)
    await retention.stop()
    await pass
    await replica.close()
  })
})
