// The parent of a test cluster's processes: `node kafka-keeper.mjs <folder>`, with an IPC channel to the test process.
// The system closes the channel whichever way the test process ends, SIGKILL included; then the keeper kills what it has
// started and removes the folder.
//
// In:  { name, command, args, env? }   Out: { name, pid }, and when the process is gone { name, code, signal }
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

const [folder] = process.argv.slice(2)
const running = new Set()

process.on('message', ({ name, command, args, env }) => {
  const log = openSync(join(folder, `${name}.log`), 'a')
  const child = spawn(command, args, { cwd: folder, env, stdio: ['ignore', log, log] })
  closeSync(log)
  running.add(child)
  child.once('spawn', () => tell({ name, pid: child.pid }))
  child.once('error', (error) => tell({ name, code: null, signal: null, fault: error.message }))
  child.once('close', (code, signal) => {
    running.delete(child)
    tell({ name, code, signal })
  })
})

process.once('disconnect', async () => {
  const gone = [...running].map((child) => once(child, 'close'))
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(gone)
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

function tell(message) {
  // The test process may end between a question and its answer.
  if (process.connected) process.send(message, () => {})
}
