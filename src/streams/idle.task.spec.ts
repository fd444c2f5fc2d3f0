import { SchedulerRegistry } from '@nestjs/schedule'
import { sent, started } from '../../test/support/entries.js'
import { logClock } from '../../test/support/log-clock.js'
import { failing } from '../../test/support/processing.js'
import { Replica } from '../../test/support/replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
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
})
