import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { Server } from '../support/server.js'

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
