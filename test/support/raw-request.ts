import { connect } from 'node:net'

export interface RawReply {
  /** 0: the server closed the connection without a word. */
  readonly status: number
  readonly head: string
  readonly body: string
}

/**
 * Sends `pieces` as they are, each in a write of its own, and returns what comes back until the server closes the connection
 * or `isComplete` says that it is all. For what node:http refuses to send: bad request lines, CR/LF in paths, wrong lengths.
 */
export function rawRequest(
  url: string,
  pieces: string | readonly (string | Uint8Array)[],
  {
    isComplete = hasDeclaredLength,
    timeoutMs = 10_000,
  }: { isComplete?: (text: string) => boolean; timeoutMs?: number } = {},
): Promise<RawReply> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect({ host: hostname, port: Number(port), timeout: timeoutMs })
    socket.setEncoding('utf8')
    socket.setNoDelay(true)
    socket.on('connect', () => {
      for (const piece of typeof pieces === 'string' ? [pieces] : pieces) socket.write(piece)
    })
    socket.on('data', (chunk: string) => {
      text += chunk
      if (isComplete(text)) socket.destroy()
    })
    socket.on('timeout', () =>
      socket.destroy(new Error(`no complete answer in ${timeoutMs} ms, only: ${text.slice(0, 200)}`)),
    )
    // A server may answer an oversize body and close before it has read it all: the answer counts, not the reset after it.
    socket.on('error', (error) => (text === '' || !isComplete(text) ? reject(error) : undefined))
    socket.on('close', () => resolve(parseReply(text)))
  })
}

function parseReply(text: string): RawReply {
  const end = text.indexOf('\r\n\r\n')
  const head = end === -1 ? text : text.slice(0, end)
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
  return { status, head, body: end === -1 ? '' : text.slice(end + 4) }
}

function hasDeclaredLength(text: string): boolean {
  const { head, body } = parseReply(text)
  const declared = /^content-length: (\d+)$/im.exec(head)?.[1]
  return declared !== undefined && Buffer.byteLength(body) >= Number(declared)
}
