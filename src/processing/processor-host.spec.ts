import { join } from 'node:path'
import type { Input } from '#libs/processor'
import { afterTests } from '../../test/support/clean-up.js'
import { packageFolder, workerProgram } from '../../test/support/package-folder.js'
import { processorsOf } from '../../test/support/processing.js'
import { readConfig } from '../config/config.js'
import { Isolation } from '../isolation/isolation.js'
import { limitsOf } from '../processors/limits.js'
import { knownOutside } from '../processors/outside.js'
import type { StreamWork } from './batch.js'
import { ProcessorHost } from './processor-host.js'

const config = readConfig({})

async function host(): Promise<ProcessorHost> {
  const isolation = new Isolation(workerProgram, {
    processors: [join(packageFolder, 'test/support/processors')],
    limits: limitsOf(config),
    timeoutMs: 1_000,
    memoryBytes: 64 * 1024 * 1024,
  })
  afterTests(() => isolation.stop())
  return new ProcessorHost(config, processorsOf(knownOutside(await isolation.descriptions(), isolation)), isolation)
}

const workOf = (processor: string, values: readonly unknown[]): StreamWork => ({
  stream: processor,
  incarnation: '0'.repeat(16),
  settings: { processor, options: {}, labels: {}, retentionMs: 1, idleTimeoutMs: 1 },
  options: {},
  inputs: values.map((value): Input => ({ kind: 'record', at: 1, text: JSON.stringify(value) })),
  timer: undefined,
  stateVersion: undefined,
  state: { bytes: 0, get: () => undefined, keys: () => [] },
})

describe('the processor host', () => {
  it('lets results be read before they are on the disk where neither time nor memory nor its start has a say in them', async () => {
    const batch = [
      workOf('misbehaving', ['exit', 'a']),
      workOf('double', [1, 'throws']),
      workOf('uppercase', ['a']),
      workOf('timing', [{}]),
      workOf('gone', ['a']),
    ]
    const answers = await (await host()).process(batch)
    const outcomes = await Promise.all(answers.map(async (answer) => await answer))
    expect(outcomes.map(({ again }) => again)).toEqual([false, false, true, false, false])
    expect(outcomes.map(({ outcomes: all }) => all.map(({ failed }) => failed))).toEqual([
      ['processor_failed', undefined],
      [undefined, 'processor_failed'],
      [undefined],
      [undefined],
      ['processor_failed'],
    ])
  })
})
