import { ids, startStreams } from '../client/api.js'
import { sendNdjsonUntil } from '../client/ndjson.js'
import { type Bench, withServer } from './bench.js'

const streams = 24

/** Puts load on the brokers, through the floor, so that their code is compiled and their own topics exist before anything counts. */
export async function warmUpBrokers(bench: Bench): Promise<void> {
  await withServer(bench, 'floor', async ({ port }) => {
    const streamIds = ids('warm-up-', streams)
    await startStreams(port, streamIds)
    const until = performance.now() + bench.settings.warmUpSeconds * 1000
    await Promise.all(streamIds.map((id) => sendNdjsonUntil(port, id, until)))
  })
}
