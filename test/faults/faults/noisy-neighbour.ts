import { elapsed } from '../../support/elapsed.js'
import type { StreamHistory } from '../../support/history.js'
import { attempt } from '../../support/attempt.js'
import type { Fault } from '../fault.js'
import { World } from '../world.js'

const quietStreams = 200
const quietPaceMs = 2000
const noisyClients = 2
const noisyRecords = 50
const spanMs = 20_000

export const noisyNeighbour: Fault = {
  name: 'noisy-neighbour',
  title: `a stream at full rate beside ${quietStreams} that send every ${quietPaceMs / 1000} s`,
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { progress } = ground
    const world = await World.open(ground, { replicas: 2, streams: 0 })
    world.paceMs = quietPaceMs
    const names = Array.from({ length: quietStreams }, (_, number) => `quiet-${number}`)
    await Promise.all(names.map((name) => world.stream(name, ['single'])))
    await world.goesOn(2)
    progress('alone')
    const alone = await latencies(world)
    const { history: noisy } = await world.stream('noisy', [])
    let isLoud = true
    const noise = Array.from({ length: noisyClients }, (_, client) =>
      shout(world, noisy, `noisy/${client}`, () => isLoud),
    )
    progress('beside a noisy one')
    const beside = await latencies(world)
    isLoud = false
    const records = (await Promise.all(noise)).reduce((sum, count) => sum + count, 0)
    const outcome = await world.finish()
    const rate = Math.round(records / (spanMs / 1000))
    const notes = [`send to event of the quiet ones alone: ${alone()}`, `beside ${rate} records/s: ${beside()}`]
    return { ...outcome, notes }
  },
}

/** Sends NDJSON as fast as it is answered; resolves with the number of records taken. */
async function shout(world: World, stream: StreamHistory, name: string, isLoud: () => boolean): Promise<number> {
  const route = world.route()
  let taken = 0
  for (let n = 0; isLoud(); n++) {
    const values = Array.from({ length: noisyRecords }, (_, index) => `${name}/${n}/${index}`)
    const send = world.history.invoke(
      stream,
      name,
      values.map((value) => value.toUpperCase()),
    )
    const { outcome } = await attempt(world.history, route.client.ndjson(stream.id, values))
    world.history.settle(send, outcome)
    if (outcome === 'acked') taken += noisyRecords
    else await route.next()
  }
  return taken
}

/** Of what the quiet streams send from now on, for a while; known when the run is over. */
async function latencies(world: World): Promise<() => string> {
  const from = performance.now()
  await elapsed(spanMs)
  const to = performance.now()
  return () => {
    const all = world.streams
      .filter(({ history }) => history.id !== 'noisy')
      .flatMap(({ history }) => sendToEvent(history, from, to))
      .sort((a, b) => a - b)
    const at = (share: number): string => `${Math.round(all[Math.floor(all.length * share)] ?? 0)} ms`
    return `p50 ${at(0.5)}, p99 ${at(0.99)}, longest ${at(0.999999)} of ${all.length}`
  }
}

function sendToEvent(stream: StreamHistory, from: number, to: number): number[] {
  const seen = new Map<string, number>()
  for (const { events, receivedAt = [] } of stream.readers) {
    for (const [index, { data }] of events.entries()) {
      const at = receivedAt[index] ?? Infinity
      seen.set(data, Math.min(at, seen.get(data) ?? Infinity))
    }
  }
  return stream.sends
    .filter(({ outcome, invokedMs }) => outcome === 'acked' && invokedMs >= from && invokedMs < to)
    .map(({ results, invokedMs }) => {
      const data = JSON.stringify({ status: 'success', data: results[0] })
      return (seen.get(data) ?? Infinity) - invokedMs
    })
}
