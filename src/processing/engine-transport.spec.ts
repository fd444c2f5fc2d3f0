import { Controller, type INestMicroservice, type ModuleMetadata } from '@nestjs/common'
import { EventPattern, type MicroserviceOptions } from '@nestjs/microservices'
import { Test } from '@nestjs/testing'
import { errorResult, successResult } from '#libs/contract'
import { lifeOf, sent, started } from '../../test/support/entries.js'
import { Replica } from '../../test/support/replica.js'
import { temporaryFolder } from '../../test/support/temp-folder.js'
import { readConfig } from '../config/config.js'
import { ConfigModule } from '../config/config.module.js'
import { ProcessorsModule } from '../processors/processors.module.js'
import { RECORDS, type StreamOutcomes } from './batch.js'
import { EngineTransport } from './engine-transport.js'
import { ProcessingModule } from './processing.module.js'

const failures: unknown[] = []

/** Work that a test holds back. */
class HeldWork {
  finish: (outcomes: readonly StreamOutcomes[]) => void = () => undefined
  readonly begun: Promise<void>
  private begin: () => void = () => undefined

  constructor() {
    this.begun = new Promise((resolve) => (this.begin = resolve))
  }

  do(): Promise<readonly StreamOutcomes[]> {
    this.begin()
    return new Promise((resolve) => (this.finish = resolve))
  }
}

const work = new HeldWork()

@Controller()
class HeldController {
  @EventPattern<string>(RECORDS)
  process(): Promise<readonly StreamOutcomes[]> {
    return work.do()
  }
}

const real: ModuleMetadata = { imports: [ConfigModule.with(readConfig({})), ProcessorsModule, ProcessingModule] }

/** Nest around a replica, with what holds the handler or without. */
async function nest(replica: Replica, metadata: ModuleMetadata): Promise<INestMicroservice> {
  const { engine, view } = replica
  const strategy = new EngineTransport({
    engine,
    view,
    maxCommitChars: 100_000,
    maxDeadLetterBytes: 100_000,
    onFailure: (error) => failures.push(error),
  })
  const module = await Test.createTestingModule(metadata).compile()
  const app = module.createNestMicroservice<MicroserviceOptions>({ strategy, logger: false })
  await app.listen()
  return app
}

describe('the engine transport', () => {
  afterEach(() => {
    expect(failures).toEqual([])
  })

  it("hands records to the @EventPattern handler and commits what comes of them; Nest's close waits for that", async () => {
    const replica = new Replica(await temporaryFolder(), { idle: true })
    const app = await nest(replica, real)
    await replica.append(started('s', 1, { processor: 'uppercase' }))
    const sends = Array.from({ length: 40 }, (_, index) => replica.append(sent('s', [`a${index}`, { a: ['b'] }])))
    await Promise.all(sends)
    await app.close()
    const expected = sends.flatMap((_, index) => [successResult(`A${index}`), successResult({ a: ['B'] })])
    const soFar = replica.results(lifeOf('s'))
    expect(soFar).toEqual(expected.slice(0, soFar.length))
    await replica.settled()
  })

  it('processes nothing without a handler, and loses nothing: it is processed once there is one', async () => {
    const folder = await temporaryFolder()
    const without = new Replica(folder, { idle: true })
    const app = await nest(without, {})
    await without.append(started('s', 1, { processor: 'uppercase' }))
    await without.append(sent('s', ['a', 'b']))
    expect(without.view.to(0)).toBe(0)
    expect(without.view.headers.get('s')).toBeUndefined()
    await app.close()

    const withHandler = new Replica(folder, { idle: true })
    const again = await nest(withHandler, real)
    await withHandler.processed()
    expect(withHandler.results(lifeOf('s'))).toEqual([successResult('A'), successResult('B')])
    await again.close()
  })

  it('gives a record that its processor fails on an error at its place, and goes on', async () => {
    const replica = new Replica(await temporaryFolder(), { idle: true })
    const app = await nest(replica, real)
    await replica.append(started('s', 1, { processor: 'uppercase' }))
    await replica.append(started('t', 1, { processor: 'gone' }))
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    const records = ['"before"', deep, '"behind"']
    await replica.append({ ...sent('s', []), records })
    await replica.append(sent('t', [1]))
    await replica.processed()
    const failed = errorResult('processor_failed')
    expect(replica.results(lifeOf('s'))).toEqual([successResult('BEFORE'), failed, successResult('BEHIND')])
    expect(replica.results(lifeOf('t'))).toEqual([failed])
    await app.close()
  })

  it('stops without a failure when another process takes over in the midst of its work', async () => {
    const folder = await temporaryFolder()
    const older = new Replica(folder, { idle: true })
    const app = await nest(older, { controllers: [HeldController] })
    await older.append(started('s'))
    await older.append(sent('s', ['a']))
    await work.begun

    const newer = new Replica(folder)
    await expect(older.append(sent('s', ['b']))).rejects.toMatchObject({ code: 'log_unavailable' })
    work.finish([{ outcomes: [{ lines: ['"of the older one"'], timer: undefined }], again: true }])
    await app.close()
    await newer.processed()
    expect(newer.results(lifeOf('s'))).toEqual(['"a"'])
  })

  it('reports a handler that does not give each record its result', async () => {
    const replica = new Replica(await temporaryFolder(), { process: async () => [] })
    await replica.append(started('s'))
    await replica.append(sent('s', ['a']))
    await expect(replica.owned).rejects.toThrow('1 records were processed, and 0 outcomes came of them')
  })
})
