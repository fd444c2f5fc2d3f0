import { announcedSeed, seeded } from '../support/random.js'
import { firstResults, startStream } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'
import {
  asTrial,
  inBatches,
  isTaken,
  readings,
  uninterrupted,
  windowOptions,
  type Reading,
} from '../support/window-run.js'

// A start takes long on a machine that is busy with other tests.
const restartLimitMs = 120_000

/** Where in the sends the server is killed. */
const KILLS = [0.2, 0.5, 0.8]

const api = useServer()

/** Sends until it is acked, through kills: the key makes it one send. With `killed`, the server is killed while it is on its way. */
async function send(id: string, values: readonly Reading[], key: string, killed: boolean): Promise<void> {
  const attempt = (): Promise<boolean> => isTaken(api.client, id, values, key)
  const first = attempt()
  if (killed) {
    await api.server.kill('SIGKILL')
    await api.server.restart()
  }
  if (!(await first)) await until(`${key} is acked`, attempt, 30_000)
}

describe('windows', () => {
  it.each([
    { kind: 'tumbling', size_ms: 1_000 },
    { kind: 'sliding', size_ms: 1_000, slide_ms: 500 },
    { kind: 'session', gap_ms: 250 },
  ])(
    'of %j are those of one uninterrupted run, though the server is killed while they are open',
    async (windows) => {
      const random = seeded(announcedSeed(`windows.spec, ${windows.kind}`))
      const options = windowOptions(windows)
      const values = readings(400, random)
      const expected = uninterrupted(options, values)
      const id = await startStream(api.client, { processor: 'window', processor_options: options })
      const batches = inBatches(values, random)
      const kills = new Set(KILLS.map((part) => Math.floor(part * batches.length)))
      for (const [index, batch] of batches.entries()) await send(id, batch, `batch-${index}`, kills.has(index))
      await api.client.end(id)
      expect(asTrial(await firstResults(api.client, id, expected.length))).toEqual(expected)
    },
    restartLimitMs,
  )

  it(
    'of arrival close by the clock while no data comes, also when the server was killed meanwhile',
    async () => {
      const id = await startStream(api.client, {
        processor: 'window',
        processor_options: { kind: 'tumbling', size_ms: 1_500 },
      })
      await api.client.ndjson(id, [{}, {}])
      await api.server.kill('SIGKILL')
      await api.server.restart()
      expect(await firstResults(api.client, id, 1)).toMatchObject([{ data: { count: 2 } }])
      await api.client.send(id, {})
      expect(await firstResults(api.client, id, 2)).toMatchObject([{}, { data: { count: 1 } }])
    },
    restartLimitMs,
  )
})
