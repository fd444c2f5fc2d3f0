import { type Bench, startServer } from './bench.js'
import type { CpuUse } from './cpu-meter.js'
import { pause } from './deadline.js'
import type { Server, ServerName } from './server.js'
import { median, round } from './statistics.js'

/** What one server did in one round. */
export interface Sample {
  readonly values: Readonly<Record<string, number>>
  readonly problems: readonly string[]
  /** While it was under load. */
  readonly cpu: CpuUse
}

export type Measure = (server: Server, roundNumber: number) => Promise<Sample>

/**
 * Measures every server once a round, in turns that change their order, the others suspended: the speed of a shared machine swings,
 * the ratio of two neighbouring measurements much less. Round 0 warms up and is not in the answer.
 */
export async function interleave(
  bench: Bench,
  names: readonly ServerName[],
  measure: Measure,
): Promise<Map<ServerName, Sample[]>> {
  const servers = await Promise.all(names.map((name) => startServer(bench, name)))
  const samples = new Map(names.map((name): [ServerName, Sample[]] => [name, []]))
  try {
    for (const server of servers) server.suspend()
    for (let number = 0; number <= bench.settings.rounds; number++) {
      for (let turn = 0; turn < servers.length; turn++) {
        const server = servers[(turn + number) % servers.length]
        if (server === undefined) continue
        const sample = await inItsTurn(server, number, measure)
        if (number > 0) samples.get(server.name)?.push(sample)
        bench.progress(`round ${number}/${bench.settings.rounds} ${server.name}: ${summary(sample)}`)
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.stopAndRemove()))
  }
  return samples
}

async function inItsTurn(server: Server, number: number, measure: Measure): Promise<Sample> {
  server.resume()
  const sample = await measure(server, number)
  // What the round left behind, closed sockets above all, is this server's to clear up.
  await pause(200)
  server.suspend()
  return sample
}

function summary({ values, problems, cpu }: Sample): string {
  const parts = Object.entries(values).map(([name, value]) => `${name} ${round(value)}`)
  return [...parts, `cpu ${round(cpu.server)}/${round(cpu.client)}/${round(cpu.others)}`, ...problems].join(', ')
}

export function column(samples: readonly Sample[], name: string): number[] {
  return samples.map((sample) => sample.values[name] ?? Number.NaN)
}

/** The ratio of the two servers' values, round by round. */
export function ratios(above: readonly Sample[], below: readonly Sample[], name: string): number[] {
  const divisors = column(below, name)
  return column(above, name).map((value, i) => value / (divisors[i] ?? Number.NaN))
}

/** A few of the problems: one is enough to make a figure worthless. */
export function problemsOf(samples: readonly Sample[]): string[] {
  return [...new Set(samples.flatMap((sample) => sample.problems))].slice(0, 3)
}

/** The rounds' typical CPU use, side by side. */
export function cpuOf(samples: readonly Pick<Sample, 'cpu'>[]): CpuUse {
  return {
    server: median(samples.map(({ cpu }) => cpu.server)),
    client: median(samples.map(({ cpu }) => cpu.client)),
    others: median(samples.map(({ cpu }) => cpu.others)),
  }
}
