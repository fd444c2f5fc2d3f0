import { ApiError, ERRORS } from '#libs/contract'
import type { Knowledge } from './simulated-reader.js'

export type Outcome = 'acked' | 'unknown' | 'refused'

/** A record that a client sent, once or, under a key, until it was answered. */
export interface Send {
  readonly stream: string
  readonly value: number
  readonly key: string | undefined
  readonly issued: number
  acked: number
  outcome: Outcome | undefined
}

/** A call that starts, ends or deletes a stream. */
export interface Change {
  readonly kind: 'start' | 'end' | 'delete'
  readonly stream: string
  readonly issued: number
  acked: number
  outcome: Outcome | undefined
  incarnation?: string
}

/** What the clients did and were answered, in order: all that is known of the streams by those who look from outside. */
export class History implements Knowledge {
  readonly sends: Send[] = []
  readonly changes: Change[] = []
  /** Old results may be gone. */
  trimmed = false

  /** @param expires whether streams may end because they are idle */
  constructor(private readonly expires: boolean) {}

  exists(stream: string): boolean {
    const changes = this.of(stream)
    return changes.some(isAcked('start')) && !changes.some(({ kind }) => kind === 'delete')
  }

  restarted(stream: string): boolean {
    return this.of(stream).filter(({ kind, outcome }) => kind === 'start' && outcome !== 'refused').length > 1
  }

  life(stream: string): string | undefined {
    const changes = this.of(stream)
    const start = changes.findLast(isAcked('start'))
    if (start === undefined) return undefined
    // What was not answered when it was asked for, or has no certain answer, may come later.
    const unsettled = changes.some(
      (change) =>
        change !== start && change.outcome !== 'refused' && (change.outcome !== 'acked' || change.acked > start.issued),
    )
    return unsettled ? undefined : start.incarnation
  }

  /** Whether it is certain that the stream takes sends. */
  isOpen(stream: string): boolean {
    return !this.expires && this.life(stream) !== undefined
  }

  private of(stream: string): Change[] {
    return this.changes.filter((change) => change.stream === stream)
  }
}

const isAcked =
  (wanted: Change['kind']) =>
  ({ kind, outcome }: Change): boolean =>
    kind === wanted && outcome === 'acked'

/** Whether nothing came of a call that was answered with this error. */
export const outcomeOf = (error: unknown): Outcome =>
  error instanceof ApiError && ERRORS[error.code].outcome === 'nothing-happened' ? 'refused' : 'unknown'
