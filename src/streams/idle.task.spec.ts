import { SchedulerRegistry } from '@nestjs/schedule'
import { sent, started } from '../../test/support/entries.js'
import { logClock } from '../../test/support/log-clock.js'
import { echo, failing } from '../../test/support/processing.js'
import { Replica, type ReplicaOptions } from '../../test/support/replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { until } from '../../test/support/until.js'
import { readConfig } from '../config/config.js'
import { IdleTask } from './idle.task.js'
import { Readers } from './readers.js'

const KEPT_MS = 1_000

describe('the idle task', () => {
  logClock()

  it('has dead letters removed that are too old, once, though nobody uses their stream', async () => {
    const replica = new Replica(await temporaryFolder(), { process: failing })
    const { engine, view } = replica
    const config = readConfig({})
    const task = new IdleTask(config, engine, view, new Readers(config), new SchedulerRegistry())
    await replica.append(started('s', 1, { retentionMs: KEPT_MS }))
    await replica.append(sent('s', ['a', 'b']))
    await replica.processed()
    const passes = async (): Promise<number> => {
      await task.run()
      await replica.processed()
      return engine.end()
    }
    const before = engine.end()
    jest.advanceTimersByTime(KEPT_MS - 1)
    expect(await passes()).toBe(before)
    expect(view.headers.get('s')?.letters?.count).toBe(2)
    jest.advanceTimersByTime(1)
    expect(await passes()).toBe(before + 1)
    expect(view.headers.get('s')?.letters).toBeUndefined()
    expect(await passes()).toBe(before + 1)
  })

  it('asks once for a stream whose processor does not come to it', async () => {
    const process: ReplicaOptions['process'] = async (batch) =>
      (await echo(batch)).map(() => new Promise(() => undefined))
    const replica = new Replica(await temporaryFolder(), { process })
    const { engine, view } = replica
    const config = readConfig({})
    const task = new IdleTask(config, engine, view, new Readers(config), new SchedulerRegistry())
    await replica.append(started('s', 1, { idleTimeoutMs: 1_000 }))
    await replica.append(sent('s', [1]))
    await until('it is behind', () => view.spread(0))
    const before = engine.end()
    jest.advanceTimersByTime(1_000)
    for (let pass = 0; pass < 10; pass++) {
      await task.run()
      await until('the others have gone on', () => view.taken(0) === engine.end())
    }
    expect(engine.end()).toBe(before + 1)
  })
})
