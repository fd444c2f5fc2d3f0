import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { packageFolder } from './support/package-folder.js'

const run = promisify(execFile)

/** The numbers of the table at the demo's end. */
function tableOf(output: string): Record<string, number[]> {
  const rows = [...output.matchAll(/^(\S.*?) {3,}([\d,]+) +([\d,]+)$/gm)]
  return Object.fromEntries(
    rows.map(([, name, ...numbers]): [string, number[]] => [
      name ?? '',
      numbers.map((n) => Number(n.replace(',', ''))),
    ]),
  )
}

describe('npm run demo', () => {
  it('gets every reading into one window, finds the planted faults, and says so in plain lines where there is no terminal', async () => {
    const args = ['--readings', '2400', '--seconds', '0', '--seed', '7']
    const { stdout } = await run(process.execPath, [join(packageFolder, 'demo/main.mjs'), ...args])
    expect(tableOf(stdout)).toEqual({
      'readings counted in windows': [2400, 2400],
      windows: [60, 60],
      'different windows': [60, 60],
      'error results': [0, 0],
      'faults found': [12, 12],
      'false alarms': [0, 0],
    })
    expect(stdout).toMatch(/^100 %; 4,800 of 4,800 records sent, /m)
    expect(stdout).not.toContain('\x1b')
    // A server starts slowly on a machine that is busy with other tests.
  }, 60_000)

  it('says what it takes', async () => {
    const refused = run(process.execPath, [join(packageFolder, 'demo/main.mjs'), '--readings', '0'])
    await expect(refused).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--readings') })
  })
})
