// A test process to be killed: starts two processes under a keeper, prints the three pids and stays.
// `node keeper-owner.mjs <folder>`
import { fork } from 'node:child_process'
import { join } from 'node:path'

const keeper = fork(join(import.meta.dirname, 'kafka-keeper.mjs'), process.argv.slice(2), { detached: true })
const pids = [keeper.pid]
keeper.on('message', ({ pid }) => {
  pids.push(pid)
  if (pids.length === 3) console.log(pids.join())
})
// A broker ends in an orderly way at SIGTERM; these do not end at all.
const args = ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)']
for (const name of ['one', 'two']) keeper.send({ name, command: process.execPath, args })
