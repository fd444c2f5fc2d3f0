import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Memory that a process holds for itself alone; without the store's map, which belongs to the page cache. Linux only. */
export function privateBytes(pid: number): number {
  const kiB = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kiB === undefined) throw new Error(`no memory figure of process ${pid}`)
  return Number(kiB) * 1024
}

export const canMeasureMemory = process.platform === 'linux'

/** What this process's objects hold when what nobody needs is gone. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}
