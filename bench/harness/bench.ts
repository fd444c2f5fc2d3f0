import type { Settings } from '../settings.js'
import type { Figure } from './figure.js'
import type { Cores } from './pinning.js'
import { Server, type ServerName, type ServerProgram } from './server.js'

/** What a row works with. */
export interface Bench {
  readonly settings: Settings
  readonly cores: Cores | undefined
  readonly programs: Readonly<Record<ServerName, ServerProgram>>
  progress(text: string): void
}

/** One measurement of the table; it may give several figures. */
export interface Row {
  readonly name: string
  readonly title: string
  /** Far more than it takes: a row that hangs is given up. */
  readonly limitMinutes: number
  run(bench: Bench): Promise<readonly Figure[]>
}

/** Thrown by a row that this machine cannot run, for want of a tool; that is no failure of the program. */
export class Skipped extends Error {}

export function startServer(bench: Bench, name: ServerName, dataDir?: string): Promise<Server> {
  return Server.start(bench.programs[name], bench.cores?.server, dataDir)
}

/** Runs `work` with a server of its own, which is gone with its data afterwards. */
export async function withServer<T>(bench: Bench, name: ServerName, work: (server: Server) => Promise<T>): Promise<T> {
  const server = await startServer(bench, name)
  try {
    return await work(server)
  } finally {
    await server.stopAndRemove()
  }
}
