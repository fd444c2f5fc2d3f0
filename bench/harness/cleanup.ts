import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { Told } from './reaper.js'

const children = new Set<ChildProcess>()
let reaper: ChildProcess | undefined

/** Ends `child` with this process, however it goes; a suspended child too. */
export function killAtExit(child: ChildProcess): void {
  const { pid } = child
  if (pid === undefined) return
  children.add(child)
  tell({ has: 'made', pid })
  child.once('exit', () => {
    children.delete(child)
    tell({ has: 'lost', pid })
  })
}

/** A new directory, removed when this process goes. It must lie on a real disk for the durable figures to mean anything. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  tell({ has: 'made', directory })
  return directory
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
  tell({ has: 'lost', directory })
}

/** Ends what a row that failed or was given up has left running. */
export function killChildren(): void {
  for (const child of children) child.kill('SIGKILL')
}

/** Call before anything is started. Children and directories are left to a process that outlives this one, SIGKILL included. */
export function installCleanup(): void {
  // A group of its own: Ctrl-C must end the benchmark and leave the reaper to clean up.
  reaper = fork(fileURLToPath(new URL('./reaper.js', import.meta.url)), {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

function tell(told: Told): void {
  reaper?.send(told)
}
