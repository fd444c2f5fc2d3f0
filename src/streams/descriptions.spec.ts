import { readConfig } from '../config/config.js'
import { started } from '../../test/support/entries.js'
import { loopTurnsDuring } from '../../test/support/loop-turns.js'
import { Replica } from '../../test/support/replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { Descriptions } from './descriptions.js'
import { Directory } from './directory.js'
import { Readers } from './readers.js'

it('a list that passes by many streams lets the event loop have its turns', async () => {
  const replica = new Replica(await temporaryFolder())
  const { engine, view } = replica
  const starts = Array.from({ length: 2_000 }, (_, n) => engine.append(0, started(`s${n}`)))
  await Promise.all(starts)
  await replica.processed()
  const descriptions = new Descriptions(engine, view, new Directory(engine, view), new Readers(readConfig({})))
  const turns = await loopTurnsDuring(async () => {
    expect(await descriptions.list({ label: 'of-none' })).toEqual({ streams: [] })
  })
  expect(turns).toBeGreaterThanOrEqual(10)
})
