import type { Bench } from './bench.js'
import type { Contender } from './interleave.js'
import { Server } from './server.js'

/** Some replicas of Millrace on the same topics, which take their turn together. */
export class ReplicaSet implements Contender {
  private constructor(
    readonly name: string,
    readonly servers: readonly Server[],
  ) {}

  static async start({ programs, cores }: Bench, name: string, count: number): Promise<ReplicaSet> {
    const { millrace } = programs
    const program = { ...millrace, env: { ...millrace.env, KAFKA_PREFIX: `replicas-${name}` } }
    const starts = Array.from({ length: count }, () => Server.start(program, cores?.server))
    return new ReplicaSet(name, await Promise.all(starts))
  }

  suspend(): void {
    for (const server of this.servers) server.suspend()
  }

  resume(): void {
    for (const server of this.servers) server.resume()
  }

  async stopAndRemove(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stopAndRemove()))
  }
}
