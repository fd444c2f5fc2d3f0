import { Race } from '../support/race.js'
import type { Random } from '../support/random.js'
import { SseReader } from '../support/sse-reader.js'
import { startAnew, valuesOf } from '../support/streams.js'
import { until } from '../support/until.js'
import { spread } from './spread.js'
import type { World } from './world.js'

/** One race on a stream of its own, through all replicas: what is wrong, and how many sends were acked and how many not known. */
export type Schedule = (world: World, id: string, random: Random) => Promise<Ran>

export interface Ran {
  readonly violations: readonly string[]
  readonly acks: number
  readonly unknown: number
}

const neverIdle = { processor: 'identity', idle_timeout_ms: 600_000 }
const idleMs = 100

const startSend: Schedule = async (world, id, random) => {
  const { client, race } = begin(world, id, random)
  const enough = random.int(1, 5)
  const sent = senders(world, race, random, () => race.acks >= enough)
  const started = await client.start(id, neverIdle)
  await sent
  await client.end(id)
  return judged(race, [await whole(world, id)], started.status === 200 ? [] : [`start: ${started.text}`])
}

const endSend: Schedule = async (world, id, random) => {
  const { client, race } = begin(world, id, random)
  await client.start(id, neverIdle)
  const sent = senders(world, race, random, () => race.refused > 0)
  await race.afterAcks(random.int(0, 10))
  const ends = await Promise.all(Array.from({ length: random.int(1, 3) }, () => client.end(id)))
  const reader = await whole(world, id)
  await sent
  const later = await whole(world, id)
  return judged(
    race,
    [reader],
    [
      ...ends.filter(({ status }) => status !== 200).map(({ text }) => `end: ${text}`),
      ...(later.events.length === reader.events.length ? [] : ['results came behind the end']),
    ],
  )
}

const endStartSend: Schedule = async (world, id, random) => {
  const { client, race } = begin(world, id, random)
  await client.start(id, neverIdle)
  let isOver = false
  const sent = senders(world, race, random, () => isOver)
  const readers: SseReader[] = []
  for (let life = 2; life > 0; life--) {
    const reader = read(world, id)
    await until('the reader has its first position', () => reader.lastEventId !== '')
    readers.push(reader)
    const enough = race.acks + random.int(0, 5)
    await until('there are enough acks', () => race.acks >= enough, 30_000)
    await client.end(id)
    if (life > 1) await startAnew(client, id, neverIdle)
  }
  isOver = true
  await sent
  for (const reader of readers) await told(reader)
  return judged(race, readers)
}

const expireRead: Schedule = async (world, id, random) => {
  const { client, race } = begin(world, id, random)
  await client.start(id, { processor: 'identity', idle_timeout_ms: idleMs })
  const count = random.int(1, 5)
  await senders(world, race, random, () => race.acks >= count || race.refused > 0)
  // About when it expires: a reader counts as activity, or is told the timeout.
  const due = performance.now() + random.int(0, 2 * idleMs)
  await until('it is about to expire', () => performance.now() >= due)
  const early = read(world, id)
  const isOpen = random.chance(0.5)
  if (!isOpen) early.close()
  else await client.end(id)
  const reader = await whole(world, id)
  if (isOpen) await told(early)
  return judged(race, [reader], isOpen && early.events.length !== reader.events.length ? ['readers differ'] : [])
}

export const schedules: Readonly<Record<string, Schedule>> = {
  'start/send': startSend,
  'end/send': endSend,
  'end/start/send': endStartSend,
  'expire/reader': expireRead,
}

function begin(world: World, id: string, random: Random): { client: ReturnType<typeof spread>; race: Race } {
  const client = spread(world.replicas, random)
  return { client, race: new Race(client, id, random, true) }
}

function senders(world: World, race: Race, random: Random, isDone: () => boolean): Promise<unknown> {
  const names = Array.from({ length: random.int(1, 3) }, (_, number) => `sender${number}`)
  const sent = Promise.all(names.map((name) => race.sender(name, () => isDone() || world.isOver)))
  // A schedule that fails before it waits for them leaves them alone with the end of the replicas.
  sent.catch(() => undefined)
  return sent
}

function read(world: World, id: string): SseReader {
  const server = world.readerUrl()
  return new SseReader(() => `${server()}/stream/${id}/results`)
}

/** Everything there is of a stream that is over or about to be. */
async function whole(world: World, id: string): Promise<SseReader> {
  return await told(read(world, id))
}

async function told(reader: SseReader): Promise<SseReader> {
  await until('the reader is told the end', () => reader.stop, 60_000)
  return reader
}

function judged(race: Race, readers: readonly SseReader[], others: readonly string[] = []): Ran {
  const stops = readers
    .filter(({ stop }) => stop !== 'end')
    .map(({ stop }) => `a reader was stopped by ${String(stop)}`)
  const violations = [...race.violations(readers.flatMap(valuesOf)), ...stops, ...others]
  return { violations, acks: race.acks, unknown: race.unknown }
}
