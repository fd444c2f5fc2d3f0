// Ends what the benchmark leaves behind: `node reaper.js`, with an IPC channel to it. The system closes the channel whichever way the
// benchmark ends, SIGKILL included; then the processes it has told of and not taken back are killed, and the directories removed.
import { rmSync } from 'node:fs'

/** What the benchmark tells: a process or a directory that it has made, or one that is gone. */
export type Told = { readonly has: 'made' | 'lost' } & ({ readonly pid: number } | { readonly directory: string })

const pids = new Set<number>()
const directories = new Set<string>()

function note<T>(things: Set<T>, thing: T, has: Told['has']): void {
  if (has === 'made') things.add(thing)
  else things.delete(thing)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    // It went by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

process.on('message', (told: Told) => {
  if ('pid' in told) note(pids, told.pid, told.has)
  else note(directories, told.directory, told.has)
})

process.once('disconnect', () => {
  for (const pid of pids) kill(pid)
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
})
