import { accepted } from './api.js'
import { HttpConnection } from './http-connection.js'
import { recordText } from './record.js'

const linesPerBody = 100

/**
 * Sends bodies of 100 records, one after the other, until `until`; answers how many records were accepted.
 * @param textOf the n-th record, from 0; ASCII only
 */
export async function sendNdjsonUntil(
  port: number,
  stream: string,
  until: number,
  textOf = recordText,
): Promise<number> {
  const connection = await HttpConnection.open(port)
  let sent = 0
  try {
    while (performance.now() < until) {
      let body = ''
      for (let line = 0; line < linesPerBody; line++) body += textOf(sent + line) + '\n'
      accepted(await connection.request('POST', `/stream/${stream}/send`, body, 'application/x-ndjson'))
      sent += linesPerBody
    }
    return sent
  } finally {
    connection.close()
  }
}
