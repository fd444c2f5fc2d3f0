import type { Bench } from './bench.js'
import type { Contender } from './interleave.js'
import { Server } from './server.js'

/** One Millrace among several that take turns, under a name of its own. */
export class NamedServer implements Contender {
  private constructor(
    readonly name: string,
    readonly server: Server,
  ) {}

  /** @param env beside that of every Millrace */
  static async start({ programs, cores }: Bench, name: string, env: Record<string, string>): Promise<NamedServer> {
    const { millrace } = programs
    return new NamedServer(name, await Server.start({ ...millrace, env: { ...millrace.env, ...env } }, cores?.server))
  }

  suspend(): void {
    this.server.suspend()
  }

  resume(): void {
    this.server.resume()
  }

  stopAndRemove(): Promise<void> {
    return this.server.stopAndRemove()
  }
}
