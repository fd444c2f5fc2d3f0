import { cpuSeconds, machineCpuSeconds, treeCpuSeconds } from './proc.js'

/** Cores in use, as a mean over a measurement: 1 is one whole core. */
export interface CpuUse {
  /** With its worker processes. */
  readonly server: number
  /** This process and every wrk it ran. */
  readonly client: number
  /** Whatever else the machine did: Kafka's brokers, the kernel's own work and time stolen by the host among it. */
  readonly others: number
}

/** Starts measuring; the returned function stops. */
export function meterCpu(...serverPids: readonly number[]): () => CpuUse {
  const read = (): number[] => [
    performance.now() / 1000,
    serverPids.reduce((sum, pid) => sum + treeCpuSeconds(pid), 0),
    cpuSeconds('self', true),
    machineCpuSeconds(),
  ]
  const before = read()
  return () => {
    const [seconds = 0, server = 0, client = 0, machine = 0] = read().map((value, i) => value - (before[i] ?? 0))
    return {
      server: server / seconds,
      client: client / seconds,
      others: Math.max(0, machine - server - client) / seconds,
    }
  }
}

export type Busy = 'server' | 'client' | 'neither'

const saturated = 0.85
const disturbing = 0.25

/** Which side set the pace. `neither`: something else did, the disk, the offered rate, or the machine's other work. */
export function busySide(use: CpuUse): Busy {
  if (use.server >= saturated) return 'server'
  return use.client >= saturated ? 'client' : 'neither'
}

/** Whether so much else ran beside the measurement that its figures say little. */
export function disturbed(use: CpuUse): boolean {
  return use.others > disturbing
}
