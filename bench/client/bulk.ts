import { accepted } from './api.js'
import { spread } from './connection-pool.js'
import { recordText } from './record.js'

const linesPerBody = 1000

/** Sends records 0 to `count - 1` to `stream`, in order, a thousand a request, one request at a time. */
export async function sendBulk(port: number, stream: string, count: number): Promise<void> {
  await spread(port, 1, Math.ceil(count / linesPerBody), async (connection, index) => {
    const first = index * linesPerBody
    let body = ''
    for (let n = first; n < Math.min(first + linesPerBody, count); n++) body += recordText(n) + '\n'
    accepted(await connection.request('POST', `/stream/${stream}/send`, body, 'application/x-ndjson'))
  })
}
