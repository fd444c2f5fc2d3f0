import { parentPort, workerData } from 'node:worker_threads'
import { report, type End } from './reports.js'

/** What a worker process's main thread shares with its watchdog, by index. */
export const CELL = {
  /** Moves whenever the main thread begins an input, and now and then while it has nothing to do. */
  progress: 0,
  /** Which of the task's works it is at. */
  work: 1,
  /** Of {@link DOING}. */
  doing: 2,
} as const

/** What the main thread does. While it loads processors, the server looks after the time. */
export const DOING = { nothing: 0, task: 1, loading: 2 } as const

export interface WatchData {
  /** An Int32Array over shared memory, see {@link CELL}. */
  readonly cells: Int32Array
  /** How long the progress may stand still. */
  readonly timeoutMs: number
  /** The most resident memory of the process. */
  readonly memoryBytes: number
  /** Id of the server's process. */
  readonly server: number
}

/** How often it looks at a process that works: what allocates without end gets no further than it can in this time. */
const LOOK_MS = 20

/** How often at least at one that does nothing or loads: the longest that it outlives the server. */
const IDLE_LOOK_MS = 1_000

/**
 * Ends the process from a thread of its own when its main thread is stuck or takes too much memory, and when the server is gone: a main
 * thread that never returns would notice none of it. Says why on {@link REPORT_FD}.
 */
function watch({ cells, timeoutMs, memoryBytes, server }: WatchData): never {
  let seen = 0
  let stillMs = 0
  for (;;) {
    const doing = Atomics.load(cells, CELL.doing)
    const lookMs = Math.min(doing === DOING.task ? LOOK_MS : IDLE_LOOK_MS, timeoutMs / 5)
    // Not by the clock: that a machine stood still is not held against a record.
    stillMs += lookMs
    if (Atomics.wait(cells, CELL.doing, doing, lookMs) !== 'timed-out' || doing === DOING.loading) stillMs = 0
    const progress = Atomics.load(cells, CELL.progress)
    if (progress !== seen) stillMs = 0
    seen = progress
    if (process.ppid !== server) process.kill(process.pid, 'SIGKILL')
    if (stillMs >= timeoutMs) end('timeout')
    if (process.memoryUsage.rss() > memoryBytes) end('memory')
  }

  function end(cause: End['cause']): void {
    const work = Atomics.load(cells, CELL.doing) === DOING.task ? { work: Atomics.load(cells, CELL.work) } : {}
    try {
      report({ cause, ...work })
    } finally {
      process.kill(process.pid, 'SIGKILL')
    }
  }
}

if (parentPort !== null) watch(workerData as WatchData)
