import { Client } from '../support/client.js'
import { isFullForm } from '../support/form.js'
import { canMeasureMemory } from '../support/memory.js'
import { ProbedServer } from '../support/probed-server.js'
import type { Figures } from '../support/probed-server.js'
import { Storm } from '../support/storm.js'
import type { StormReader, StormReport } from '../support/storm.js'
import { until } from '../support/until.js'

const READERS = isFullForm ? 5_000 : 2_000
const STREAMS = 50
const RESULTS = 100

const streamOf = (reader: number): string => `stream-${reader % STREAMS}`

// What is measured is read from /proc.
;(canMeasureMemory ? describe : describe.skip)(
  `${READERS} readers that come back at once to a server that was killed`,
  () => {
    let client: Client
    let report: StormReport
    let figures: Figures
    let bytesAfterFirst: number
    let bytesAfterSecond: number

    beforeAll(async () => {
      const probed = await ProbedServer.start()
      const { server } = probed
      const storm = new Storm()
      client = new Client(server.url)
      const incarnations = new Map<string, unknown>()
      for (let stream = 0; stream < STREAMS; stream++) {
        incarnations.set(streamOf(stream), (await client.start(streamOf(stream))).body.incarnation)
        await client.ndjson(streamOf(stream), Array<string>(RESULTS).fill('x'.repeat(80)))
      }
      await server.kill()
      await server.restart()

      // Each has seen half of its stream.
      const readers = Array.from({ length: READERS }, (_, reader): StormReader => {
        const id = streamOf(reader)
        return { path: `/stream/${id}/results`, lastEventId: `${String(incarnations.get(id))}-${RESULTS / 2}` }
      })
      await probed.settle()
      report = await storm.connect(server.port, readers)
      figures = await probed.settle()
      await storm.leave()
      await until('all have left', () => isEmpty())
      bytesAfterFirst = await probed.settledBytes()
      await storm.connect(server.port, readers)
      await storm.leave()
      await until('all have left', () => isEmpty())
      bytesAfterSecond = await probed.settledBytes()
    }, 120_000)

    async function isEmpty(): Promise<boolean> {
      const { streams } = (await client.list()).body as { streams: { readers: number }[] }
      return streams.every(({ readers }) => readers === 0)
    }

    it('all get on', () => {
      expect({ served: report.times.length, fault: report.fault }).toEqual({ served: READERS, fault: undefined })
    })

    it('have their first event within 5 s, all of them', () => {
      expect((report.times.at(-1) ?? Infinity) * figures.cpuShare).toBeLessThan(5_000)
    })

    it('let others have their turn: the p99 of the event loop delay stays below 250 ms', () => {
      expect(figures.loopDelayP99Ms * figures.cpuShare).toBeLessThan(250)
    })

    it('are counted out when they have left', async () => {
      expect(await isEmpty()).toBe(true)
    })

    // The first storm warms the process up: compiled code and the allocator's pools stay, and are used again.
    it('leave no memory behind', () => {
      expect(bytesAfterSecond / bytesAfterFirst).toBeLessThan(1.1)
    })
  },
)
