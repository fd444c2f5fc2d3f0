import { isOnKafka } from '../support/engine-env.js'
import { isFullForm } from '../support/form.js'
import { Race } from '../support/race.js'
import { announcedSeed, seeded } from '../support/random.js'
import type { Random } from '../support/random.js'
import type { SseReader } from '../support/sse-reader.js'
import { opened, readResults, startAnew, startStream, valuesOf } from '../support/streams.js'
import { until } from '../support/until.js'
import { useServer } from '../support/use-server.js'

const idleMs = 100
const api = useServer({ env: { STREAM_IDLE_TIMEOUT_MS: String(idleMs) } })
/** On Kafka every end takes its grace; `npm run faults` races ten thousand times there. */
const share = isOnKafka() ? 0.25 : isFullForm ? 1 : 0.4
const neverIdle = { processor: 'identity', idle_timeout_ms: 60_000 }

/** Runs `schedules` schedules, some at a time; what is wrong is named with the seed that shows it. */
async function violationsOf(
  name: string,
  schedules: number,
  schedule: (random: Random) => Promise<readonly string[]>,
): Promise<string[]> {
  const seed = announcedSeed(`races.spec, ${name}`)
  const found: string[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < schedules) {
      const own = seed + next++
      const violations = await schedule(seeded(own))
      found.push(...violations.map((violation) => `SEED=${own}: ${violation}`))
    }
  }
  await Promise.all(Array.from({ length: 5 }, lane))
  return found
}

/** Starts `count` senders that go on until they were refused a few times. */
function senders(race: Race, random: Random, pauseMs?: () => number): Promise<unknown> {
  const refusals = random.int(1, 8)
  const names = Array.from({ length: random.int(1, 6) }, (_, number) => `sender${number}`)
  return Promise.all(names.map((name) => race.sender(name, () => race.refused >= refusals, pauseMs)))
}

/** Breaks that all senders make at once, about as long as the stream may be idle. */
function breaks(random: Random): () => number {
  let resume = 0
  return () => {
    const now = performance.now()
    if (now >= resume) resume = now + random.int(idleMs - 20, idleMs + 30)
    return resume - now
  }
}

/** Everything there is from the beginning to the end of a stream that is over or about to be. */
async function wholeOf(id: string): Promise<unknown[]> {
  const reader = readResults(api.client, id)
  await reader.stopped
  return valuesOf(reader)
}

it('a send that races with the end is in the results, before the end, if and only if it was acked', async () => {
  const violations = await violationsOf('end', 60 * share, async (random) => {
    const race = new Race(api.client, await startStream(api.client, neverIdle), random)
    const sent = senders(race, random)
    await race.afterAcks(random.int(0, 40))
    const ends = await Promise.all(Array.from({ length: random.int(1, 3) }, () => api.client.end(race.id)))
    const results = await wholeOf(race.id)
    await sent
    const later = await wholeOf(race.id)
    return [
      ...race.violations(results),
      ...ends.filter(({ status }) => status !== 200).map(({ text }) => `an end was answered ${text}`),
      ...(later.length === results.length ? [] : [`${later.length - results.length} results came behind the end`]),
    ]
  })
  expect(violations).toEqual([])
})

it('a send that races with expiry is in the results, before the timeout, if and only if it was acked', async () => {
  const schedules = Math.ceil(25 * share)
  let expired = 0
  const violations = await violationsOf('expiry', schedules, async (random) => {
    const settings = { processor: 'identity', idle_timeout_ms: idleMs }
    const race = new Race(api.client, await startStream(api.client, settings), random)
    await senders(race, random, breaks(random))
    const reader = readResults(api.client, race.id)
    await reader.stopped
    if (reader.events.at(-1)?.event === 'timeout') expired++
    return race.violations(valuesOf(reader))
  })
  expect(violations).toEqual([])
  expect(expired).toBe(schedules)
})

it('a send that races with the delete is never in the results if it was refused, nor twice', async () => {
  const violations = await violationsOf('delete', 40 * share, async (random) => {
    const race = new Race(api.client, await startStream(api.client, neverIdle), random)
    const reader = await opened(readResults(api.client, race.id))
    const sent = senders(race, random)
    await race.afterAcks(random.int(0, 40))
    const deletes = await Promise.all(Array.from({ length: random.int(1, 3) }, () => api.client.delete(race.id)))
    await Promise.all([sent, reader.stopped])
    const statuses = deletes.map(({ status }) => status)
    return [
      ...race.violations(valuesOf(reader), { isDeleted: true }),
      ...(statuses.includes(200) ? [] : [`the deletes were answered ${statuses.join()}`]),
      ...(reader.stop === 'end' ? [] : ['the reader was not told']),
      ...((await api.client.describe(race.id)).status === 404 ? [] : ['the stream is still there']),
    ]
  })
  expect(violations).toEqual([])
})

it('a send that races with an end and a new start is in the results of one incarnation if it was acked', async () => {
  const violations = await violationsOf('end and start', 40 * share, async (random) => {
    const race = new Race(api.client, await startStream(api.client, neverIdle), random)
    const readers: SseReader[] = []
    let isOver = false
    const names = Array.from({ length: random.int(1, 5) }, (_, number) => `sender${number}`)
    const sent = Promise.all(names.map((name) => race.sender(name, () => isOver)))
    for (let life = random.int(2, 4); life > 0; life--) {
      readers.push(await opened(readResults(api.client, race.id)))
      const enough = race.acks + random.int(0, 25)
      await until('there are enough acks', () => race.acks >= enough)
      await api.client.end(race.id)
      if (life > 1) await startAnew(api.client, race.id, neverIdle)
    }
    isOver = true
    await sent
    await Promise.all(readers.map((reader) => reader.stopped))
    return race.violations(readers.flatMap(valuesOf))
  })
  expect(violations).toEqual([])
})
