import { encodeEvent, type ResetReason } from '#libs/contract'
import type { Observable } from 'rxjs'
import type { Frame } from '../view/frames.js'
import { encodeLifecycle, type View } from '../view/view.js'
import type { Source } from './source.js'

/** What happens to streams. Positions are the events' numbers. */
export class LifecycleSource implements Source {
  readonly live: Observable<Frame>

  constructor(private readonly view: View) {
    this.live = view.liveLifecycle()
  }

  page(position: number, maxChars: number): { text: string; to: number } | undefined {
    const { earliest } = this.view.lifecycle
    const trimmed = position < earliest
    const events = this.view.lifecycle.page(Math.max(position, earliest), maxChars)
    const to = events.at(-1)?.number ?? earliest
    if (events.length === 0 && !trimmed) return undefined
    const gap = trimmed ? encodeLifecycleReset('trimmed', this.view) : ''
    return { text: gap + events.map(({ number, line }) => encodeLifecycle(number, line)).join(''), to }
  }

  closing(): undefined {
    return undefined
  }
}

/** Tells a reader that it cannot go on where it was, but from the oldest event there is. */
export function encodeLifecycleReset(reason: ResetReason, { lifecycle: { earliest, latest } }: View): string {
  return encodeEvent({ id: String(earliest), name: 'reset', data: { reason, oldest: earliest, latest } })
}
