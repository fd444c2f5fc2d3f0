// Many readers in a process of their own, on bare sockets, so that neither their work nor their open files are the test's.
// Takes {readers: [{path, lastEventId}], port} to connect them all at once, 'leave' to close them; answers over IPC.
import { connect } from 'node:net'

let sockets = []

/** Resolves with when the first event came, in ms since the storm began. */
function read(port, { path, lastEventId }, begin) {
  const socket = connect({ port, host: '127.0.0.1' })
  sockets.push(socket)
  const resume = lastEventId === undefined ? '' : `last-event-id: ${lastEventId}\r\n`
  socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\naccept: text/event-stream\r\n${resume}\r\n`)
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed by the server')))
    let text = ''
    socket.on('data', (chunk) => {
      if (text === undefined) return
      text += chunk.toString('latin1')
      if (!text.includes('\ndata: ')) return
      text = undefined
      resolve(performance.now() - begin)
    })
  })
}

function leave() {
  const closing = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
  for (const socket of sockets) socket.destroy()
  sockets = []
  return Promise.all(closing)
}

process.on('message', async (message) => {
  if (message === 'leave') {
    await leave()
    process.send({ left: true })
    return
  }
  const begin = performance.now()
  const outcomes = await Promise.allSettled(message.readers.map((reader) => read(message.port, reader, begin)))
  const times = outcomes.flatMap(({ value }) => value ?? []).sort((a, b) => a - b)
  const faults = outcomes.flatMap(({ reason }) => (reason ? [String(reason)] : []))
  process.send({ times, faults: faults.length, fault: faults[0] })
})
