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

/** What is measured in turns: a server, or several together. */
export interface Contender {
  readonly name: string
  suspend(): void
  resume(): void
}

/** Starts each of `names`, measures them in turns, and ends them. */
export async function interleave(
  bench: Bench,
  names: readonly ServerName[],
  measure: Measure,
): Promise<Map<string, Sample[]>> {
  const servers = await Promise.all(names.map((name) => startServer(bench, name)))
  try {
    return await takeTurns(bench, servers, measure)
  } finally {
    await Promise.all(servers.map((server) => server.stopAndRemove()))
  }
}

/**
 * Measures every contender once a round, in turns that change their order, the others suspended: the speed of a shared machine swings,
 * the ratio of two neighbouring measurements much less. Round 0 warms up and is not in the answer.
 */
export async function takeTurns<C extends Contender>(
  bench: Bench,
  contenders: readonly C[],
  measure: (contender: C, roundNumber: number) => Promise<Sample>,
  rounds = bench.settings.rounds,
): Promise<Map<string, Sample[]>> {
  const samples = new Map(contenders.map(({ name }): [string, Sample[]] => [name, []]))
  for (const contender of contenders) contender.suspend()
  for (let number = 0; number <= rounds; number++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + number) % contenders.length]
      if (contender === undefined) continue
      const sample = await inItsTurn(contender, number, measure)
      if (number > 0) samples.get(contender.name)?.push(sample)
      bench.progress(`round ${number}/${rounds} ${contender.name}: ${summary(sample)}`)
    }
  }
  return samples
}

async function inItsTurn<C extends Contender>(
  contender: C,
  number: number,
  measure: (contender: C, roundNumber: number) => Promise<Sample>,
): Promise<Sample> {
  contender.resume()
  const sample = await measure(contender, number)
  // What the round left behind, closed sockets above all, is this contender's to clear up.
  await pause(200)
  contender.suspend()
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
