import { pause } from '../harness/deadline.js'
import { accepted } from './api.js'
import { HttpConnection } from './http-connection.js'

const firstConnections = 32
const maxConnections = 512

/**
 * Sends record n when it is due, whatever became of those before: a slow server meets a queue, as it does in life, and whoever measures
 * from the due time sees it. Each send takes an idle connection, else opens one, and at 512 waits its turn.
 * @throws the first refusal, when no send is in flight any more
 */
export async function sendOpenLoop(
  port: number,
  pathOf: (n: number) => string,
  count: number,
  dueAt: (n: number) => number,
  body: (n: number) => string,
): Promise<void> {
  const all = await Promise.all(Array.from({ length: firstConnections }, () => HttpConnection.open(port)))
  const idle = [...all]
  const waiting: number[] = []
  const working = new Set<Promise<void>>()
  const failures: unknown[] = []

  const open = async (): Promise<HttpConnection> => {
    const connection = await HttpConnection.open(port)
    all.push(connection)
    return connection
  }

  // Sends `n`, and then what waits, on one connection.
  const work = async (n: number): Promise<void> => {
    const connection = idle.pop() ?? (await open())
    for (let due: number | undefined = n; due !== undefined; due = waiting.shift()) {
      accepted(await connection.request('POST', pathOf(due), body(due)))
    }
    idle.push(connection)
  }

  const start = (n: number): void => {
    if (working.size >= maxConnections) {
      waiting.push(n)
      return
    }
    const job: Promise<void> = work(n)
      .catch((error: unknown) => {
        failures.push(error)
      })
      .finally(() => {
        working.delete(job)
      })
    working.add(job)
  }

  let next = 0
  while (next < count && failures.length === 0) {
    while (next < count && performance.now() >= dueAt(next)) start(next++)
    await pause(1)
  }
  await Promise.all(working)
  for (const connection of all) connection.close()
  if (failures.length > 0) throw failures[0]
}
