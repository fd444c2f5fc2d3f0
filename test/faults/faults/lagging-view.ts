import { attempt } from '../../support/attempt.js'
import { SseReader } from '../../support/sse-reader.js'
import { firstResults } from '../../support/streams.js'
import { until } from '../../support/until.js'
import type { Fault } from '../fault.js'
import type { Replica } from '../replica.js'
import { World } from '../world.js'

const records = 5

/** A replica that stood still finds the calls that came meanwhile before it has read what was committed meanwhile. */
export const laggingView: Fault = {
  name: 'lagging-view',
  title: 'a lagging view asked for streams, results and cursors that it has not seen: no 404, no reset',
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { progress } = ground
    const world = await World.open(ground, { replicas: 2, workers: 1, streams: 3 })
    const [ahead, lagging] = world.replicas as [Replica, Replica]
    const rounds = 30
    for (let round = 0; round < rounds; round++) await askForUnseen(world, ahead, lagging, `unseen-${round}`)
    progress(`${rounds} rounds`)
    return { ...(await world.finish()), notes: [`${rounds} rounds of 4 calls`] }
  },
}

async function askForUnseen(world: World, ahead: Replica, lagging: Replica, id: string): Promise<void> {
  const { history } = world
  lagging.pause()
  const { history: stream } = await world.stream(id, [], ahead)
  const values = Array.from({ length: records }, (_, index) => `${id}/${index}`)
  const send = history.invoke(
    stream,
    id,
    values.map((value) => value.toUpperCase()),
  )
  const { outcome } = await attempt(history, ahead.client.ndjson(id, values))
  history.settle(send, outcome)
  if (outcome !== 'acked') {
    lagging.resume()
    return
  }
  const results = await firstResults(ahead.client, id, records)
  const cursor = results.at(-2)?.id ?? ''
  const calls = [
    lagging.client.describe(id),
    lagging.client.page(id, { from: cursor }),
    lagging.client.send(id, `${id}/again`, { 'idempotency-key': 'again' }),
  ]
  const again = history.invoke(stream, `${id}/again`, [`${id}/again`.toUpperCase()])
  const headers = { 'last-event-id': cursor }
  const reader = new SseReader(`${lagging.url}/stream/${id}/results`, { headers })
  lagging.resume()
  const [described, page, sent] = await Promise.all(calls.map((call) => attempt(history, call)))
  history.settle(again, sent?.outcome ?? 'unknown')
  if (described?.outcome !== 'acked') history.anomalies.push(`${id} was not described`)
  if (page?.body.reset !== undefined || !Array.isArray(page?.body.results))
    history.anomalies.push(`${id}: a page of ${JSON.stringify(page?.body)}`)
  await until('the reader goes on', () => reader.events.length > 0 || reader.stop, 20_000)
  const [first] = reader.events
  if (first?.id !== results.at(-1)?.id)
    history.anomalies.push(`${id}: behind ${cursor} came ${first?.event ?? String(reader.stop)}`)
  reader.close()
}
