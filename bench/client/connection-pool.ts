import { HttpConnection } from './http-connection.js'

/**
 * Runs `work` on `connections` connections at once: each takes the next index from 0 to `count - 1` when it is free.
 * @throws the first error, after which no connection starts another piece
 */
export async function spread(
  port: number,
  connections: number,
  count: number,
  work: (connection: HttpConnection, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    const connection = await HttpConnection.open(port)
    try {
      while (next < count) await work(connection, next++)
    } catch (error) {
      next = count
      throw error
    } finally {
      connection.close()
    }
  }
  await Promise.all(Array.from({ length: Math.min(connections, count) }, worker))
}
