import { poll } from '../harness/deadline.js'
import { describe } from './api.js'
import { spread } from './connection-pool.js'
import { EventChecker } from './event-checker.js'
import type { HttpConnection } from './http-connection.js'
import { checkOnce } from './record.js'
import { SseReader } from './sse-reader.js'

const limitMs = 60_000
const atOnce = 8
/** Records are numbered anew from a multiple of this in every round (lua/send.lua). */
const numbersPerRound = 10_000_000

/**
 * Reads all results of `streams`, filled by lua/send.lua, from the first to the newest: each of a record of that stream, none twice.
 * Says what is wrong with them.
 */
export async function checkStored(port: number, streams: readonly string[]): Promise<string[]> {
  const problems: string[] = []
  const seen = new Set<number>()
  await spread(port, atOnce, streams.length, async (connection, index) => {
    problems.push(...(await checkOne(connection, port, streams, index, seen)))
  })
  return problems
}

async function checkOne(
  connection: HttpConnection,
  port: number,
  streams: readonly string[],
  index: number,
  seen: Set<number>,
): Promise<string[]> {
  const stream = streams[index] ?? ''
  const latest = (await describe(connection, stream))?.latest ?? 0
  const checker = new EventChecker(({ data }) => {
    const { n } = data as { n: number }
    return (n % numbersPerRound) % streams.length === index ? checkOnce(data, seen) : `record ${n} is of another stream`
  })
  const reader = new SseReader(port, stream, checker)
  const complete = await poll(limitMs, 5, () => checker.count >= latest || reader.problem !== undefined)
  reader.close()
  const missing = complete && checker.count === latest ? undefined : `${checker.count} of ${latest} results read back`
  return [checker.problem, reader.problem, missing].filter((problem) => problem !== undefined)
}
