import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { Client } from '../support/client.js'
import { packageFolder } from '../support/package-folder.js'
import { Server } from '../support/server.js'
import { firstOutcomes, startStream } from '../support/streams.js'

const ok = (data: unknown): unknown => ({ status: 'success', data })

describe('a processor that asks for a dependency in its constructor', () => {
  const prices = `
    import { Injectable } from '@nestjs/common'
    import { Processor, type InputRecord, type RecordProcessor } from 'millrace/processor'

    @Injectable()
    export class Currencies {
      readonly rates = new Map([['EUR', 2]])
    }

    @Injectable()
    export class Prices {
      constructor(private readonly currencies: Currencies) {}

      of(currency: string): number {
        return this.currencies.rates.get(currency) ?? 1
      }
    }

    @Processor('priced')
    export class Priced implements RecordProcessor<string, number> {
      constructor(private readonly prices: Prices) {}

      process({ value }: InputRecord<string>): number[] {
        return [this.prices.of(value)]
      }
    }`
  // By hand, where no compiler writes down the types of parameters.
  const plain = `
    import { Inject, Injectable } from '@nestjs/common'

    export class Clock {
      hours = 12
    }
    Injectable()(Clock)

    export class Timed {
      static processor = { name: 'timed' };

      constructor(clock) {
        this.clock = clock
      }

      process({ value }) {
        return [value % this.clock.hours]
      }
    }
    Inject(Clock)(Timed, undefined, 0)`

  it('is given it, in TypeScript and in JavaScript', async () => {
    const server = await Server.prepare({ env: { PROCESSORS: 'priced.js,timed.mjs' } })
    const { workFolder } = server
    await mkdir(join(workFolder, 'node_modules'))
    await symlink(packageFolder, join(workFolder, 'node_modules/millrace'))
    await symlink(join(packageFolder, 'node_modules/@nestjs'), join(workFolder, 'node_modules/@nestjs'))
    await writeFile(join(workFolder, 'package.json'), '{"type":"module"}')
    await writeFile(join(workFolder, 'priced.ts'), prices)
    await writeFile(join(workFolder, 'timed.mjs'), plain)
    const compiler = join(packageFolder, 'node_modules/typescript/bin/tsc')
    const decorators = ['--experimentalDecorators', '--emitDecoratorMetadata']
    const options = ['--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022', ...decorators]
    await promisify(execFile)(process.execPath, [compiler, ...options, 'priced.ts'], { cwd: workFolder })
    await server.restart()
    const client = new Client(server.url)
    const [priced, timed] = [
      await startStream(client, { processor: 'priced' }),
      await startStream(client, { processor: 'timed' }),
    ]
    await client.ndjson(priced, ['EUR', 'USD'])
    await client.ndjson(timed, [15])
    expect(await firstOutcomes(client, priced, 2)).toEqual([ok(2), ok(1)])
    expect(await firstOutcomes(client, timed, 1)).toEqual([ok(3)])
  }, 60_000)
})

describe('a start with PROCESSORS that cannot be used', () => {
  const odd = (settings: string, body = 'process() { return [] }') =>
    `export class Odd { static processor = ${settings}; ${body} }`

  it.each([
    ['a file that is not there', undefined, 'odd.mjs cannot be loaded: ENOENT'],
    ['a file that is no JavaScript', 'export class {', 'odd.mjs cannot be loaded: '],
    ['a file that throws', 'throw new Error("no licence")', 'odd.mjs cannot be loaded: no licence'],
    ['a file that ends the process', 'process.exit(0)', 'odd.mjs cannot be loaded: it ends the process that loads it.'],
    ['a name that another one has', odd('{ name: "uppercase" }'), 'two processors with the name "uppercase".'],
    ['a name that is none', odd('{ name: "a b" }'), '"a b" is no name for a processor.'],
    ['a setting that there is not', odd('{ name: "odd", determinstic: true }'), 'there is no setting "determinstic".'],
    ['options that are no schema', odd('{ name: "odd", options: { type: "thing" } }'), 'options are no JSON Schema: '],
    [
      'a dependency without a name',
      odd('{ name: "odd" }', 'constructor(a) {}'),
      'The constructor of Odd does not say what',
    ],
    ['no method to process with', odd('{ name: "odd" }', ''), 'it has no method "process".'],
  ])('is refused in one line: %s', async (_what, code, problem) => {
    const server = await Server.prepare({ env: { PROCESSORS: 'odd.mjs' } })
    if (code !== undefined) await writeFile(join(server.workFolder, 'odd.mjs'), code)
    server.launch()
    expect(await server.exited).toEqual({ code: 1, signal: null })
    const said = server.output.split('\n').filter((line) => line.startsWith('millrace: '))
    expect(said).toEqual([expect.stringContaining(problem)])
    expect(server.output).not.toMatch(/^\s+at /m)
  })
})
