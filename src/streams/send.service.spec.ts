import { readConfig } from '../config/config.js'
import { lifeOf, started } from '../../test/support/entries.js'
import { echo } from '../../test/support/processing.js'
import { Replica, type ReplicaOptions } from '../../test/support/replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { until } from '../../test/support/until.js'
import { Decisions } from './decisions.js'
import { Directory } from './directory.js'
import { SendService } from './send.service.js'

it('streams whose processors take their time are refused sends while much waits for all of them, and no other', async () => {
  const process: ReplicaOptions['process'] = async (batch) =>
    (await echo(batch)).map((answer, index) =>
      batch[index]?.stream === 'quick' ? answer : new Promise<never>(() => undefined),
    )
  const replica = new Replica(await temporaryFolder(), { process })
  const { engine, view } = replica
  const decisions = new Decisions(engine, readConfig({}), view)
  const service = new SendService(engine, new Directory(engine, view), decisions, view)
  const headers = { 'content-type': 'application/json' }
  const send = (stream: string, chars: number): Promise<unknown> =>
    service.send(stream, { headers, body: Buffer.from(JSON.stringify({ data: 'x'.repeat(chars) })) })
  const slow = Array.from({ length: 20 }, (_, n) => `slow-${n}`)
  for (const stream of ['quick', ...slow]) await replica.append(started(stream))
  for (const stream of slow) {
    await send(stream, 1_000_000)
    await until('the owner has read it', () => view.taken(0) === engine.end())
  }
  for (const stream of slow) await expect(send(stream, 1)).rejects.toMatchObject({ code: 'overloaded' })
  expect(await send('quick', 1)).toMatchObject({ accepted: 1 })
  await until('it is processed', () => replica.results(lifeOf('quick')).length === 1)
}, 30_000)

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
