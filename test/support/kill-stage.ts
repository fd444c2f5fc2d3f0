import { afterTests } from './clean-up.js'
import { Client } from './client.js'
import { History } from './history.js'
import type { Random } from './random.js'
import type { Server } from './server.js'
import type { Route, Stage } from './stage.js'
import { until } from './until.js'

/** The stage of a kill run: one server that comes and goes. */
export class KillStage implements Stage {
  isOver = false
  generation = 0
  readonly paceMs = 0
  private readonly client: Client
  private isUp = true

  constructor(
    readonly server: Server,
    readonly random: Random,
    readonly history = new History(),
  ) {
    this.client = new Client(server.url)
    // After a failed test nothing may wait for a server that does not come back.
    afterTests(() => {
      this.isOver = true
      this.isUp = true
    })
  }

  goesDown(): void {
    this.isUp = false
  }

  isBack(): void {
    this.isUp = true
    this.generation++
  }

  route(): Route {
    return { client: this.client, next: () => this.up() }
  }

  readerUrl(): () => string {
    return () => this.server.url
  }

  private async up(): Promise<void> {
    await until('the server is back', () => this.isUp, 60_000)
  }
}
