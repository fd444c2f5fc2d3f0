import type { ServerResponse } from 'node:http'
import type { Connections } from './connections.js'

/** Bytes that all requests together may hold until they are answered. */
export class ByteBudget {
  private held = 0

  constructor(
    private readonly limit: number,
    private readonly connections: Connections,
  ) {}

  /**
   * Holds `bytes` until the response is over; false, and nothing held, if there is no room for them. What is larger than the budget
   * has room when nothing else is held, or it would never have.
   */
  hold(response: ServerResponse, bytes: number): boolean {
    if (this.held > 0 && this.held + bytes > this.limit) return false
    this.held += bytes
    this.connections.whenOver(response, () => {
      this.held -= bytes
    })
    return true
  }
}
