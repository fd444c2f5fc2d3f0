import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The core each side runs on, or undefined where cores cannot be given out (one core, or no taskset). */
export interface Cores {
  readonly server: number
  readonly client: number
}

function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

/** Takes one core for the servers and moves this process, the client, to another. */
export function pinCores(): Cores | undefined {
  const [server, client] = allowedCores()
  if (server === undefined || client === undefined) return undefined
  const moved = spawnSync('taskset', ['-apc', String(client), String(process.pid)], { stdio: 'ignore' })
  return moved.status === 0 ? { server, client } : undefined
}

/** The command line that runs `command` on `core`; taskset replaces itself, so the process id is the command's own. */
export function onCore(core: number | undefined, command: string, args: readonly string[]): [string, string[]] {
  return core === undefined ? [command, [...args]] : ['taskset', ['-c', String(core), command, ...args]]
}
