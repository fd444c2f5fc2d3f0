import type { Browser, Page } from 'playwright-core'

import { chromiumHere, startBrowser } from '../support/browser.js'
import { Client } from '../support/client.js'
import { Server } from '../support/server.js'
import { firstResults, startAnew } from '../support/streams.js'
import { Wire } from '../support/wire.js'

interface Heard {
  readonly results: readonly { readonly id: string; readonly data: string }[]
  /** Named events, in order. */
  readonly named: readonly { readonly name: string; readonly data: string }[]
}

/** What a page would do: nothing but the browser's own EventSource. */
const script = (path: string): string => `
  window.heard = { results: [], named: [] }
  window.source = new EventSource(${JSON.stringify(path)})
  source.onmessage = ({ lastEventId, data }) => heard.results.push({ id: lastEventId, data })
  for (const name of ['end', 'timeout', 'reset'])
    source.addEventListener(name, ({ data }) => heard.named.push({ name, data }))
`

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** The smallest there can be: a result larger than it fails. */
const COMMIT_BYTES = 65_536

const { path: executable, fault } = chromiumHere()
if (fault !== '') process.stderr.write(`browser.spec: skipped, Chromium does not start here: ${fault}\n`)

;(fault === '' ? describe : describe.skip)('EventSource in Chromium', () => {
  let browser: Browser
  let server: Server
  let client: Client

  beforeAll(async () => {
    server = await Server.start({ env: { RECONNECT_MS: '100', MAX_COMMIT_BYTES: String(COMMIT_BYTES) } })
    client = new Client(server.url)
    browser = await startBrowser(executable)
  }, 60_000)

  async function listen(path: string, origin = server.url): Promise<Page> {
    const page = await browser.newPage()
    await page.goto(`${origin}/health/live`)
    await page.evaluate(script(path))
    return page
  }

  const heard = (page: Page): Promise<Heard> => page.evaluate('heard')

  const dataOf = async (page: Page): Promise<unknown[]> =>
    (await heard(page)).results.map(({ data }) => (JSON.parse(data) as { data: unknown }).data)

  it('gets results in onmessage, each with its cursor as lastEventId', async () => {
    const { body } = await client.start('plain')
    await client.ndjson('plain', ['a', 'b'])
    const page = await listen('/stream/plain/results')
    await page.waitForFunction('heard.results.length === 2')
    expect((await heard(page)).results).toEqual([
      { id: `${String(body.incarnation)}-1`, data: '{"status":"success","data":"A"}' },
      { id: `${String(body.incarnation)}-2`, data: '{"status":"success","data":"B"}' },
    ])
  })

  it('reads on after the server was killed and started again, with no gap and no repeat', async () => {
    await client.start('killed')
    await client.ndjson('killed', numbers(1, 50))
    const page = await listen('/stream/killed/results')
    await page.waitForFunction('heard.results.length === 50')
    await server.kill()
    await server.restart()
    await client.ndjson('killed', numbers(51, 100))
    await page.waitForFunction('heard.results.length >= 100')
    expect(await dataOf(page)).toEqual(numbers(1, 100))
  })

  it('misses nothing from the latest on, though it was cut off before its first event', async () => {
    const wire = await Wire.to(server.port)
    await client.start('latest')
    await client.ndjson('latest', numbers(1, 10))
    await firstResults(client, 'latest', 10)
    const page = await listen('/stream/latest/results?from=latest', wire.url)
    await wire.hasPassed('\nid: ')
    wire.cut()
    await client.ndjson('latest', numbers(11, 20))
    wire.mend()
    await page.waitForFunction('heard.results.length >= 10')
    expect(await dataOf(page)).toEqual(numbers(11, 20))
  })

  it('closes for good after the end', async () => {
    await client.start('ended')
    const page = await listen('/stream/ended/results')
    await client.end('ended')
    await page.waitForFunction('source.readyState === EventSource.CLOSED')
    expect((await heard(page)).named).toEqual([{ name: 'end', data: '{"reason":"ended"}' }])
  })

  it('gets the result of a failed record in onmessage too, at its place', async () => {
    await client.start('failed')
    const page = await listen('/stream/failed/results')
    await client.ndjson('failed', ['before', 'x'.repeat(COMMIT_BYTES), 'after'])
    await page.waitForFunction('heard.results.length === 3')
    expect((await heard(page)).results.map(({ data }): unknown => JSON.parse(data))).toEqual([
      { status: 'success', data: 'BEFORE' },
      { status: 'error', code: 'result_too_large', message: expect.any(String) },
      { status: 'success', data: 'AFTER' },
    ])
  })

  it('hears a reset when the stream began anew while it was cut off', async () => {
    const wire = await Wire.to(server.port)
    await client.start('anew')
    await client.send('anew', 'old')
    const page = await listen('/stream/anew/results', wire.url)
    await page.waitForFunction('heard.results.length === 1')
    wire.cut()
    await client.end('anew')
    await startAnew(client, 'anew')
    await client.send('anew', 'new')
    await firstResults(client, 'anew', 1)
    wire.mend()
    await page.waitForFunction('heard.results.length === 2')
    expect((await heard(page)).named).toEqual([
      { name: 'reset', data: '{"reason":"incarnation","oldest":1,"latest":1}' },
    ])
  })
})
