import { readConfig } from '../config/config.js'
import { lifeOf, started } from '../../test/support/entries.js'
import { Replica } from '../../test/support/replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { Decisions } from './decisions.js'
import { Directory } from './directory.js'
import { SendService } from './send.service.js'

it('a send behind a restart goes to the life the stream has then, whatever the store says while input is processed anew', async () => {
  const folder = await temporaryFolder()
  const first = new Replica(folder)
  await first.append(started('s'))
  await first.processed()
  await first.settled()
  const crashed = new Replica(folder, { idle: true })
  await crashed.append({ kind: 'end', stream: 's' })
  await crashed.append({ kind: 'seal', streams: [['s', lifeOf('s')]] })
  await crashed.append(started('s', 2))
  const replica = new Replica(folder, { idle: true })
  const { engine, view } = replica
  expect(view.headers.get('s')?.incarnation).toBe(lifeOf('s'))
  const service = new SendService(
    engine,
    new Directory(engine, view),
    new Decisions(engine, readConfig({}), view),
    view,
  )
  const request = { headers: { 'content-type': 'application/json' }, body: Buffer.from('{"data":1}') }
  const answer = service.send('s', request)
  replica.work()
  expect(await answer).toEqual({ accepted: 1, duplicate: false })
  await replica.processed()
  expect(replica.results(lifeOf('s', 2))).toEqual(['1'])
})
