// Loaded into a server under test with --import, so that the program needs no hook: at SIGUSR2 it frees what it can and writes
// what the event loop has been through since the last time.
import { renameSync, writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as wait } from 'node:timers/promises'

const file = process.env.SERVER_PROBE_FILE
const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
let count = 0

process.on('SIGUSR2', async () => {
  const loop = { loopDelayP99Ms: delay.percentile(99) / 1e6, loopDelayMaxMs: delay.max / 1e6 }
  // The pages of a heap that has shrunk go back to the system a little after the collection.
  for (let round = 0; round < 3; round++) {
    globalThis.gc()
    await wait(100)
  }
  const { heapUsed, external } = process.memoryUsage()
  const figures = { ...loop, liveBytes: heapUsed + external }
  writeFileSync(`${file}.new`, JSON.stringify({ mark: `${process.pid}-${++count}`, ...figures }))
  renameSync(`${file}.new`, file)
  delay.reset()
})
