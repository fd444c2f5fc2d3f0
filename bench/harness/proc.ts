import { readFileSync } from 'node:fs'

// USER_HZ: what /proc/PID/stat counts in, 100 on every Linux that Node runs on.
const ticksPerSecond = 100

/** CPU seconds `pid` has used so far, all threads; with `reaped`, those of its finished children too. */
export function cpuSeconds(pid: number | 'self', reaped = false): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The command's name, in parentheses, may hold spaces; the numbered fields begin after it, utime being the 12th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = fields.slice(11, reaped ? 15 : 13).reduce((sum, field) => sum + Number(field), 0)
  return ticks / ticksPerSecond
}

/** The same of `pid` and all processes that it has begun, finished ones too. */
export function treeCpuSeconds(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  const own = cpuSeconds(pid, true)
  return children === '' ? own : children.split(' ').reduce((sum, child) => sum + treeCpuSeconds(Number(child)), own)
}

/** CPU seconds the whole machine has been busy so far: neither idle nor waiting for the disk. */
export function machineCpuSeconds(): number {
  const total = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? ''
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = total.split(' ').map(Number)
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond
}

/** Anonymous resident memory. LMDB's map counts in RSS but is page cache, so RSS says nothing here. */
export function anonymousBytes(pid: number): number {
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kib === undefined) throw new Error('/proc gives no RssAnon on this kernel')
  return Number(kib) * 1024
}
