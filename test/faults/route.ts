import type { Client } from '../support/client.js'
import { elapsed } from '../support/elapsed.js'
import type { Route } from '../support/stage.js'
import type { Replica } from './replica.js'

const backOffMs = 100

/** A client that asks one replica for as long as it is served well, and another one after every failure. */
export class ReplicaRoute implements Route {
  constructor(
    private readonly replicas: readonly Replica[],
    private at: number,
  ) {}

  get client(): Client {
    const replica = this.replicas[this.at % this.replicas.length]
    if (replica === undefined) throw new Error('there is no replica')
    return replica.client
  }

  async next(): Promise<void> {
    this.at++
    await elapsed(backOffMs)
  }
}
