import { elapsed } from '../../support/elapsed.js'
import type { KafkaNode } from '../../support/kafka-cluster.js'
import type { Fault } from '../fault.js'
import { inSync } from '../topics.js'
import { World } from '../world.js'

const heartbeatMs = 1000
/** Longer than a client waits, so that a send without an answer shows. */
const heldMs = 40_000
/** What was acked by a second broker just before may be on its way to the client. */
const onTheWayMs = 1000

/** What a send may be answered: `log_unavailable` where it waited behind another, `append_unknown` where it was on its way. */
const answers: readonly string[] = ['503 log_unavailable', '504 append_unknown']

/** Of clients that hang up on purpose, as some do now and then. */
const hungUp = 'ABORT_ERR'

export const twoBrokersDown: Fault = {
  name: 'two-brokers-down',
  title: `two of three brokers dead for ${heldMs / 1000} s: no acks, 503 for sends that wait, 504 for those on their way; readers keep connection and heartbeats`,
  quick: false,
  limitMs: 900_000,
  async run(ground) {
    const { cluster, random, progress } = ground
    const world = await World.open(ground, { env: { HEARTBEAT_MS: String(heartbeatMs) } })
    const { history } = world
    const left = random.pick<KafkaNode>([1, 2, 3])
    progress(`node ${left} alone is left`)
    await Promise.all(([1, 2, 3] as const).filter((node) => node !== left).map((node) => cluster.kill(node)))
    const dead = performance.now()
    const before = world.readers.map(({ connections, comments }) => ({ connections: connections.length, comments }))
    await elapsed(heldMs)
    const acks = [...history.streams.values()].flatMap(({ ackedAt }) => ackedAt.filter((at) => at > dead + onTheWayMs))
    if (acks.length > 0) history.anomalies.push(`${acks.length} sends were acked by one broker of three`)
    for (const [index, { connections, comments }] of world.readers.entries()) {
      const heartbeats = comments - (before[index]?.comments ?? 0)
      if (connections.length !== before[index]?.connections) history.anomalies.push('a reader lost its connection')
      if (heartbeats < heldMs / heartbeatMs / 2)
        history.anomalies.push(`a reader had ${heartbeats} heartbeats in ${heldMs} ms`)
    }
    const tally = history.errorsSince(dead)
    for (const answer of answers) if (!tally.has(answer)) history.anomalies.push(`no send was answered ${answer}`)
    const others = [...tally.keys()].filter((answer) => !answers.includes(answer) && answer !== hungUp)
    if (others.length > 0) history.anomalies.push(`sends were answered ${others.join(', ')}`)
    await cluster.heal()
    await inSync(cluster)
    await world.goesOn()
    const counts = [...tally].map(
      ([answer, times]) => `${times} × ${answer === hungUp ? 'hung up by the client' : answer}`,
    )
    return { ...(await world.finish()), notes: [`answers while the two were dead: ${counts.join(', ')}`] }
  },
}
