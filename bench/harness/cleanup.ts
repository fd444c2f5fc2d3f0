import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const children = new Set<ChildProcess>()
const directories = new Set<string>()

/** Kills `child` when this process goes, however it goes; a suspended child too. */
export function killAtExit(child: ChildProcess): void {
  children.add(child)
  child.once('exit', () => children.delete(child))
}

/** A new directory, removed when this process goes. It must lie on a real disk for the durable figures to mean anything. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  directories.add(directory)
  return directory
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
  directories.delete(directory)
}

/** Ends what a row that failed or was given up has left running. */
export function killChildren(): void {
  for (const child of children) child.kill('SIGKILL')
}

export function installCleanup(): void {
  process.on('exit', () => {
    killChildren()
    for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  })
  // Without a handler a signal ends the process with no 'exit' event, and the children live on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))
}
